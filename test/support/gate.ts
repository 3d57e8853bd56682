// A gate between the gateway and Kite, at which a test holds a call, or Kite's answer to it.
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';

/** A call, or its answer, that the gate holds. */
export interface Held {
  /** Lets it go on. */
  release(): void;
}

/** A gate. */
export interface Gate {
  /** Where the gateway finds it, in place of Kite. */
  readonly url: string;
  /** Holds the next call: before Kite hears of it, or once Kite has answered. Resolves when it is held. */
  holdNext(where: 'before-kite' | 'after-kite'): Promise<Held>;
  /** Closes it, and every connection through it. */
  close(): Promise<void>;
}

/** Starts a gate before `target`. What is not held passes. */
export async function startGate(target: string): Promise<Gate> {
  let waiting: { where: string; hold: (held: Held) => void } | null = null;
  const passed = (where: string) =>
    new Promise<void>((resolve) => {
      if (waiting?.where !== where) return resolve();
      const { hold } = waiting;
      waiting = null;
      hold({ release: resolve });
    });

  const server = createServer(async (incoming, outgoing) => {
    const body = await bodyOf(incoming);
    const { method, url = '/', headers } = incoming;
    await passed('before-kite');
    const call = httpRequest(new URL(url, target), { method, headers }).end(body);
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    const content = await bodyOf(answer);
    await passed('after-kite');
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    holdNext: (where) =>
      new Promise((hold) => {
        waiting = { where, hold };
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}
