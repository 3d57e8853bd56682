// One connection that asks and waits, again and again. It knows just enough of HTTP, so that asking costs little
// beside what is measured.
import { connect, type Socket } from 'node:net';
import type { Question } from './question.ts';
import type { Server } from './servers.ts';

/** A connection kept alive. */
export class Connection {
  readonly #socket: Socket;
  readonly #head: string;
  readonly #tail: string;
  readonly #question: Question;
  #received: Buffer[] = [];
  #settle: { resolve: (response: Buffer) => void; reject: (error: Error) => void } | undefined;

  /** Connects to ask a server one question over and over. */
  constructor({ port, isFloor }: Server, question: Question) {
    this.#question = question;
    const body = JSON.stringify({ query: question.query });
    this.#head = [
      `POST ${isFloor ? question.floorPath : '/graphql'} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      'content-type: application/json',
      'accept: application/graphql-response+json, application/json;q=0.9',
      `content-length: ${Buffer.byteLength(body)}`,
      'authorization: ',
    ].join('\r\n');
    this.#tail = `\r\n\r\n${body}`;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#settle?.reject(error));
    this.#socket.on('close', () => this.#settle?.reject(new Error('The server hung up')));
  }

  /** Asks once; the whole response, head and all. */
  ask(authorization = this.#question.authorization()): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(this.#head + authorization + this.#tail, 'latin1');
    });
  }

  /** Hangs up. */
  close(): void {
    this.#settle = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk);
    const [first] = this.#received;
    const bytes =
      this.#received.length === 1 && first !== undefined ? first : Buffer.concat(this.#received);
    if (!isWhole(bytes)) {
      this.#received = [bytes];
      return;
    }
    this.#received = [];
    this.#settle?.resolve(bytes);
  }
}

/** The body of a whole response, as text. @throws for a status other than 200. */
export function bodyOf(response: Buffer): string {
  if (!response.subarray(0, 12).equals(ok)) throw new Error(`Answered ${response.toString()}`);
  const start = response.indexOf('\r\n\r\n') + 4;
  const isChunked = response.toString('latin1', 0, start).toLowerCase().includes(chunkedHeader);
  const body = response.subarray(start);
  return (isChunked ? joined(body) : body).toString();
}

const ok = Buffer.from('HTTP/1.1 200');
const endOfChunks = Buffer.from('\r\n0\r\n\r\n');
const chunkedHeader = 'transfer-encoding: chunked';

function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = bytes.toString('latin1', 0, end);
  const [, length] = /^content-length: *(\d+)/im.exec(head) ?? [];
  if (length !== undefined) return bytes.length >= end + 4 + Number(length);
  // JSON holds no line breaks, so nothing in a body looks like its end.
  return bytes.subarray(-endOfChunks.length).equals(endOfChunks);
}

function joined(chunks: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = chunks.indexOf('\r\n', at);
    const length = Number.parseInt(chunks.toString('latin1', at, end), 16);
    if (length === 0) return Buffer.concat(parts);
    parts.push(chunks.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
}
