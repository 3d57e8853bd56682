// Which way a request took: each one that Yoga's adapter answers makes a Response.
import type { YogaServerInstance } from 'graphql-yoga';
import type { Gateway } from '../../src/gateway-interface.ts';

/** Counts the Responses that Yoga's adapter makes from now on: none for a request that is answered from node:http. */
export function countResponses(gateway: Gateway): () => number {
  const { fetchAPI } = gateway as unknown as YogaServerInstance<object, object>;
  let responses = 0;
  fetchAPI.Response = class extends fetchAPI.Response {
    constructor(...given: ConstructorParameters<typeof Response>) {
      super(...given);
      responses += 1;
    }
  } as typeof Response;
  return () => responses;
}
