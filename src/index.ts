// The library entry: what `import 'kite-graphql'` gives.
export {
  type AppOptions,
  createGateway,
  type Gateway,
  type GatewayOptions,
} from './http/gateway.ts';
export type { GraphiqlPage } from './http/graphiql.ts';
