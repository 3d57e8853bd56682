// The client of the gateway, which is on another origin than this page: its ALLOWED_ORIGINS has this page's.
import { createClient } from 'kite-graphql/client';

const url: string = import.meta.env.VITE_GATEWAY_URL ?? 'http://localhost:4000/graphql';

export const client = createClient({ url });
