// The gateway of a Next.js server. In development Next.js loads modules again and again: one gateway serves them all.
import { createGateway, type Gateway } from 'kite-graphql';

const {
  KITE_API_KEY: apiKey = 'simulator',
  KITE_API_SECRET: apiSecret = 'simulator-secret',
  KITE_BASE_URL: kiteBaseUrl = 'http://localhost:4010',
  KITE_LOGIN_URL: kiteLoginUrl = 'http://localhost:4010/connect/login',
  PUBLIC_URL: publicUrl = 'http://localhost:3000/kite',
} = process.env;

const holder = globalThis as { kiteGateway?: Gateway };

holder.kiteGateway ??= createGateway({
  apps: [{ apiKey, apiSecret }],
  kiteBaseUrl,
  kiteLoginUrl,
  publicUrl,
  // Next.js tells the address of a client in X-Forwarded-For, which the proxy before it has to set.
  trustProxy: true,
});

/** The gateway. */
export const gateway = holder.kiteGateway;
