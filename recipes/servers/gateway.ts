// The gateway that the servers of this folder mount below /kite. It reads no environment by itself: this module does.
import { createGateway } from 'kite-graphql';

const {
  KITE_API_KEY: apiKey = 'simulator',
  KITE_API_SECRET: apiSecret = 'simulator-secret',
  KITE_BASE_URL: kiteBaseUrl = 'http://localhost:4010',
  KITE_LOGIN_URL: kiteLoginUrl = 'http://localhost:4010/connect/login',
  PUBLIC_URL: publicUrl = 'http://localhost:3000/kite',
} = process.env;

/** The port to listen on. */
export const port = Number(process.env.PORT ?? 3000);

const stop = new AbortController();

/** What `createServer` needs: room for a thousand credentials, and for a repeated Authorization header. */
export const serverOptions = { maxHeaderSize: 131_072, joinDuplicateHeaders: true };

/** The gateway. `publicUrl` has the path that it is mounted at, so that its redirects and links lead there. */
export const gateway = createGateway({
  apps: [{ apiKey, apiSecret }],
  kiteBaseUrl,
  kiteLoginUrl,
  publicUrl,
  // Subscriptions do not end by themselves.
  stopping: stop.signal,
});

/** Stops in order: streams end, the server finishes what is in flight, the gateway closes its connections. */
export function stopWith(close: () => Promise<unknown>): void {
  process.once('SIGTERM', async () => {
    stop.abort();
    await close();
    await gateway.dispose();
  });
}
