// How requests to Kite are signed (docs: "Signing requests").
import type { Wire } from '../upstream/transport.ts';

/** Kite's version header, and its Authorization scheme. */
export const kiteWire: Wire = {
  headers: { 'x-kite-version': '3' },
  authorizationOf: ({ apiKey, accessToken }) => `token ${apiKey}:${accessToken.reveal()}`,
};
