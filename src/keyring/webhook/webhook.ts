// One request to the receiver of a webhook: signed, bounded in time and in what is read of the answer.
import { createHmac } from 'node:crypto';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Secret } from '../../brokers/upstream/secret.ts';
import { systemCode } from '../../brokers/upstream/system-code.ts';
import type { Limits } from '../../limits.ts';

/** What is sent. */
export interface WebhookMessage {
  /** The id of the event. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
  /** When it is sent. */
  readonly at: Date;
}

/** Sends a message. Null where the receiver took it, else why not, without the address. Never rejects. */
export type Webhook = (message: WebhookMessage, signal: AbortSignal) => Promise<string | null>;

/** What a webhook is made of. */
export interface WebhookOptions {
  readonly url: URL;
  /** Signs each message. */
  readonly secret: Secret;
  readonly limits: Pick<Limits, 'webhookSeconds' | 'webhookAnswerBytes'>;
}

/** A webhook. It follows no redirect, and keeps no connection. */
export function createWebhook({ url, secret, limits }: WebhookOptions): Webhook {
  const isSecure = url.protocol === 'https:';
  const [request, agent] = isSecure
    ? [requestHttps, new HttpsAgent({ keepAlive: false })]
    : [requestHttp, new HttpAgent({ keepAlive: false })];

  return async ({ id, body, at }, signal) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'kite-graphql',
      'webhook-id': id,
      'webhook-signature': signatureOf(secret, at, body),
    };
    const deadline = AbortSignal.timeout(limits.webhookSeconds * 1_000);
    const either = AbortSignal.any([deadline, signal]);
    try {
      const status = await new Promise<number>((resolve, reject) => {
        let answered: number | undefined;
        const options = { method: 'POST', agent, headers, signal: either };
        const sent = request(url, options, (answer) => {
          answered = answer.statusCode;
          discard(answer, limits.webhookAnswerBytes);
        });
        let failure: unknown = null;
        sent.on('error', (error) => {
          failure = error;
        });
        // Once the status is known, what follows of the body, or goes wrong with it, changes nothing.
        sent.on('close', () => {
          if (answered === undefined) reject(failure);
          else resolve(answered);
        });
        sent.end(body);
      });
      return status >= 200 && status < 300 ? null : `HTTP ${status}`;
    } catch (error) {
      if (deadline.aborted) return 'TIMEOUT';
      const code = error instanceof Error && 'code' in error ? error.code : null;
      return systemCode(code) ?? 'NO_ANSWER';
    }
  };
}

/** The header that proves a message: `t=<seconds>,v1=<hex HMAC-SHA256 of "<seconds>.<body>">`. */
function signatureOf(secret: Secret, at: Date, body: string): string {
  const seconds = Math.floor(at.getTime() / 1_000);
  const hmac = createHmac('sha256', secret.reveal()).update(`${seconds}.${body}`);
  return `t=${seconds},v1=${hmac.digest('hex')}`;
}

/** Reads and forgets an answer, no more than so many bytes of it. */
function discard(answer: IncomingMessage, maxBytes: number): void {
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) answer.destroy();
  });
  answer.on('error', () => undefined);
}
