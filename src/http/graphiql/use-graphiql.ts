// Plugin: GraphiQL for browsers on the GraphQL address, under a policy that lets it reach nothing but this gateway.
import { type Plugin, shouldRenderGraphiQL } from 'graphql-yoga';
import type { GraphiqlPage } from '../../options.ts';
import { mountOf, type Routes } from '../plugins/routes.ts';
import { type GraphiqlPlace, type RenderedPage, renderGraphiqlPage } from './page.ts';

/** Answers a browser that opens the GraphQL address with the page. Anything else passes. */
export function useGraphiql(routes: Routes, page: GraphiqlPage, place: GraphiqlPlace): Plugin {
  let rendered: Promise<RenderedPage> | null = null;
  return {
    async onRequest({ request, url, serverContext, fetchAPI, endResponse }) {
      if (!shouldRenderGraphiQL(request)) return;
      if (routes.find(url.pathname, mountOf(serverContext)) !== 'graphql') return;
      rendered ??= renderGraphiqlPage(page, place);
      const { body, headers } = await rendered;
      endResponse(new fetchAPI.Response(body, { headers }));
    },
  };
}
