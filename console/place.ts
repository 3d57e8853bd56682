// What the page says of its gateway, in the attributes of its frame.

/** Where the gateway is, and what it offers. */
export interface Place {
  /** The console's address as browsers reach it: where logins come back to. */
  readonly home: string;
  /** The operator's name. */
  readonly name: string;
  /** The path of the GraphQL API. */
  readonly graphql: string;
  /** The path of the operator's logo; empty without one. */
  readonly logo: string;
  /** Whether GraphiQL is there. */
  readonly hasGraphiql: boolean;
  /** Whether operations are sent by the ids of their documents. */
  readonly isTrusted: boolean;
}

/** Reads the attributes. */
export function placeOf({ dataset }: HTMLElement): Place {
  const { home = location.href, name = 'kite-graphql', graphql = '/graphql', logo = '' } = dataset;
  const hasGraphiql = dataset.graphiql === 'true';
  return { home, name, graphql, logo, hasGraphiql, isTrusted: dataset.trusted === 'true' };
}
