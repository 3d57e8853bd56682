// What requests to Kotak carry: every header belongs to an app, a user or a session, so each request brings its own.
import type { Wire } from '../upstream/transport.ts';

/** The header that all requests have. */
export const kotakWire: Wire = { headers: { accept: 'application/json' } };
