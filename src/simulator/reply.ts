// What is written on the wire, byte for byte.
import type { ServerResponse } from 'node:http';
import { type Answer, toJson } from './kite/envelope.ts';

/** A response as it will be written. */
export interface Reply {
  /** The HTTP status. */
  readonly status: number;
  /** The whole Content-Type header; null for none. */
  readonly contentType: string | null;
  /** The body. */
  readonly text: string;
}

/** An answer as Kite sends it. Its Content-Type has no charset, and one client insists on that. */
export function jsonReply(answer: Answer): Reply {
  return {
    status: answer.status,
    contentType: 'application/json',
    text: toJson(answer.envelope),
  };
}

/** The headers of a reply. */
export function headersOf(reply: Reply): Record<string, string | number> {
  const length = { 'Content-Length': Buffer.byteLength(reply.text) };
  return reply.contentType === null ? length : { 'Content-Type': reply.contentType, ...length };
}

/** Sends a reply, unless the client has gone. */
export function send(outgoing: ServerResponse, reply: Reply): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(reply.status, headersOf(reply)).end(reply.text);
}
