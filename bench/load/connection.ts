// A connection that asks and waits, again and again. It knows only as much of HTTP as it needs, so that asking costs
// little beside what is measured.
import { connect, type Socket } from 'node:net';
import type { Server } from '../processes/stage.ts';
import type { Question, Sent } from './question.ts';

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
    this.#head = [
      `POST ${isFloor ? question.floorPath : '/graphql'} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      'content-type: application/json',
      'accept: application/graphql-response+json, application/json;q=0.9',
      '',
    ].join('\r\n');
    this.#tail = this.#endWith(question.body);
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#settle?.reject(error));
    this.#socket.on('close', () => this.#settle?.reject(new Error('The server hung up')));
  }

  /** Asks once; the whole response with its head. */
  ask({ headers, body }: Sent = this.#question.next()): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      const tail = body === undefined ? this.#tail : this.#endWith(body);
      this.#socket.write(`${this.#head}${headers}${tail}`, 'latin1');
    });
  }

  /** The end of the head, and the body. */
  #endWith(body: string): string {
    const length = Buffer.byteLength(body);
    return this.#question.isChunked
      ? `\r\ntransfer-encoding: chunked\r\n\r\n${length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
      : `\r\ncontent-length: ${length}\r\n\r\n${body}`;
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

/** The status and the body of a whole response. */
export function read(response: Buffer): { readonly status: number; readonly body: string } {
  const start = response.indexOf('\r\n\r\n') + 4;
  const isChunked = response.toString('latin1', 0, start).toLowerCase().includes(chunkedHeader);
  const body = response.subarray(start);
  return { status: statusOf(response), body: (isChunked ? joined(body) : body).toString() };
}

/** The status of a response. */
export function statusOf(response: Buffer): number {
  return Number(response.toString('latin1', 9, 12));
}

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
