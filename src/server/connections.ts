// What connections may cost: how many there are, and how many bytes wait for peers that do not read them.
import { closeSync, openSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { devNull } from 'node:os';
import { networkOf } from '../http/request/client-info.ts';
import type { Limits } from '../limits.ts';

/** How often connections are looked at, in milliseconds. */
const sweepInterval = 1_000;

/** Why a connection was not accepted, or was cut off. */
export type ConnectionFault =
  | 'too many connections'
  | 'too many connections of one address'
  | 'the peer does not read'
  | 'too many unsent bytes for the peer'
  | 'too many unsent bytes in all'
  | 'out of file descriptors';

/** What connections are judged by. */
export interface ConnectionsOptions {
  readonly limits: Limits;
  /** Whether each address is a peer of its own; behind a proxy each connection is. */
  readonly countsAddresses: boolean;
  /** Told of each fault; the request id where an answer was cut off. */
  readonly onFault: (fault: ConnectionFault, requestId?: string) => void;
}

/** An answer that is due on a connection. */
export interface DueAnswer {
  response: ServerResponse | null;
  readonly requestId: string;
}

/** One open connection. */
interface Connection {
  readonly socket: Socket;
  /** Whom it counts for. */
  readonly peer: object | string;
  /** The oldest first: it is written, the others wait behind it. */
  readonly due: Set<DueAnswer>;
}

/** The open connections of a server. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Map<Socket, Connection>();
  readonly #perPeer = new Map<object | string, number>();
  /** Those with bytes that the system has not taken yet. */
  readonly #unsent = new Set<Connection>();
  readonly #suspects = new Set<Connection>();
  readonly #sweeps: NodeJS.Timeout;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#sweeps = setInterval(() => this.#sweep(), sweepInterval).unref();
  }

  /** Takes a new connection; false where there are too many. */
  open(socket: Socket): boolean {
    const { limits, countsAddresses, onFault } = this.#options;
    if (this.#open.size >= limits.connections) {
      onFault('too many connections');
      return false;
    }
    const peer = countsAddresses ? networkOf(socket.remoteAddress ?? '') : socket;
    const count = this.#perPeer.get(peer) ?? 0;
    if (count >= limits.connectionsPerAddress) {
      onFault('too many connections of one address');
      return false;
    }
    const connection: Connection = { socket, peer, due: new Set() };
    this.#open.set(socket, connection);
    this.#perPeer.set(peer, count + 1);
    socket.once('close', () => this.#close(connection));
    return true;
  }

  /** Watches the answer to a request that came by a socket: an answer that waits behind another one has none yet. */
  watch(socket: Socket, due: DueAnswer): void {
    const { response } = due;
    const connection = this.#open.get(socket);
    if (!connection || response === null) return;
    connection.due.add(due);
    response.on('close', () => connection.due.delete(due));
    // Every answer is unsent for a moment. What is still there after the system had its turn waits for the peer.
    response.on('prefinish', () => {
      if (this.#suspects.size === 0) setImmediate(() => this.#lookAtSuspects());
      this.#suspects.add(connection);
    });
  }

  /** A socket's timer has run out: the peer has taken nothing for that long, or the connection is idle. */
  timedOut(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) socket.destroy();
    else if (unsentOf(connection) > 0) this.#cut(connection, 'the peer does not read');
    else if (connection.due.size === 0) socket.destroy();
    // An answer in parts, between two of them.
    else socket.setTimeout(0);
  }

  /** Ends the watch. */
  stop(): void {
    clearInterval(this.#sweeps);
  }

  #lookAtSuspects(): void {
    for (const connection of this.#suspects) this.#note(connection);
    this.#suspects.clear();
    if (this.#unsent.size > 0) this.#enforce();
  }

  #sweep(): void {
    for (const connection of this.#open.values()) this.#note(connection);
    if (this.#unsent.size > 0) this.#enforce();
    if (this.#open.size > 0) this.#checkDescriptors();
  }

  #note(connection: Connection): void {
    const isUnsent = unsentOf(connection) > 0;
    if (isUnsent === this.#unsent.has(connection)) return;
    if (!isUnsent) this.#unsent.delete(connection);
    else if (!connection.socket.destroyed) {
      this.#unsent.add(connection);
      // Node starts the time anew whenever the system has taken some of the bytes.
      connection.socket.setTimeout(this.#options.limits.stalledWriteSeconds * 1_000);
    }
  }

  #enforce(): void {
    const { limits } = this.#options;
    const peers = new Map<object | string, { bytes: number; connections: Connection[] }>();
    let total = 0;
    for (const connection of this.#unsent) {
      const entry = peers.get(connection.peer) ?? { bytes: 0, connections: [] };
      entry.bytes += unsentOf(connection);
      entry.connections.push(connection);
      peers.set(connection.peer, entry);
      total += unsentOf(connection);
    }
    // Who makes the gateway hold most loses first.
    for (const { bytes, connections } of [...peers.values()].sort((a, b) => b.bytes - a.bytes)) {
      let ofPeer = bytes;
      connections.sort((a, b) => unsentOf(b) - unsentOf(a));
      for (const connection of connections) {
        const isPeerOver = ofPeer > limits.unsentBytesPerPeer;
        if (!isPeerOver && total <= limits.unsentBytes) break;
        ofPeer -= unsentOf(connection);
        total -= unsentOf(connection);
        const fault = isPeerOver
          ? 'too many unsent bytes for the peer'
          : 'too many unsent bytes in all';
        this.#cut(connection, fault);
      }
    }
  }

  /** The system closes connections that it has no descriptor for without a word to the process. */
  #checkDescriptors(): void {
    try {
      closeSync(openSync(devNull, 'r'));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EMFILE' || code === 'ENFILE') this.#options.onFault('out of file descriptors');
    }
  }

  #cut(connection: Connection, fault: ConnectionFault): void {
    this.#unsent.delete(connection);
    const [first] = connection.due;
    this.#options.onFault(fault, first?.requestId);
    // Ended in good order, the system would go on holding what it has of the answer.
    connection.socket.resetAndDestroy();
  }

  #close(connection: Connection): void {
    this.#open.delete(connection.socket);
    this.#unsent.delete(connection);
    const { peer } = connection;
    const left = (this.#perPeer.get(peer) ?? 1) - 1;
    if (left > 0) this.#perPeer.set(peer, left);
    else this.#perPeer.delete(peer);
  }
}

function unsentOf({ socket, due }: Connection): number {
  let bytes = socket.writableLength;
  for (const { response } of due) {
    if (response === null) continue;
    // The answer that is written counts the bytes of its socket too.
    bytes += response.writableLength - (response.socket === null ? 0 : socket.writableLength);
  }
  return bytes;
}
