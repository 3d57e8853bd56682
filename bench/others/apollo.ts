// Apollo Server with RESTDataSource, as its documentation sets it up.
import { RESTDataSource } from '@apollo/datasource-rest';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import type { WireMargins, WireProfile } from '../kite.ts';
import { bothOf, userOf } from '../load/question.ts';
import { tell } from '../processes/messages.ts';
import { typeDefs } from '../servers/schema.ts';

class Kite extends RESTDataSource {
  override baseURL = process.argv[2] ?? '';
  readonly #headers: Record<string, string>;

  constructor(authorization: string) {
    super();
    this.#headers = { authorization, 'x-kite-version': '3' };
  }

  async profile(): Promise<WireProfile> {
    const { data } = await this.get<{ data: WireProfile }>('/user/profile', {
      headers: this.#headers,
    });
    return data;
  }

  async margins(): Promise<WireMargins> {
    const { data } = await this.get<{ data: WireMargins }>('/user/margins', {
      headers: this.#headers,
    });
    return data;
  }
}

interface Context {
  readonly kite: Kite;
}

const server = new ApolloServer<Context>({
  typeDefs,
  resolvers: {
    Query: { account: () => ({}) },
    Account: {
      user: async (_account: unknown, _arguments: unknown, { kite }: Context) =>
        userOf(await kite.profile()),
      margins: async (_account: unknown, _arguments: unknown, { kite }: Context) =>
        bothOf(await kite.margins()),
    },
  },
});
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: 0 },
  context: async ({ req }) => ({ kite: new Kite(req.headers.authorization ?? '') }),
});
tell(Number(new URL(url).port));
