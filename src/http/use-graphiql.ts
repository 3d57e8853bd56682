// Plugin: GraphiQL for browsers on the GraphQL address, under a policy that lets it reach nothing but this gateway.
import { type Plugin, shouldRenderGraphiQL } from 'graphql-yoga';
import { type GraphiqlPlace, type RenderedPage, renderGraphiqlPage } from './graphiql.ts';
import type { GraphiqlPage } from './options.ts';

/** Answers a browser that opens `endpoint` with the page. Anything else passes. */
export function useGraphiql(endpoint: string, page: GraphiqlPage, place: GraphiqlPlace): Plugin {
  let rendered: Promise<RenderedPage> | null = null;
  return {
    async onRequest({ request, url, fetchAPI, endResponse }) {
      if (!shouldRenderGraphiQL(request)) return;
      if (url.pathname !== endpoint && url.pathname !== `${endpoint}/`) return;
      rendered ??= renderGraphiqlPage(page, place);
      const { body, headers } = await rendered;
      endResponse(new fetchAPI.Response(body, { headers }));
    },
  };
}
