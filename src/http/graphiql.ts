// GraphiQL on the GraphQL address: offline, with tabs that greet a newcomer, and no token in the browser's storage.
import { createHash } from 'node:crypto';
import type { GraphiQLOptions } from 'graphql-yoga';

/** How the page greets. */
export interface GraphiqlPage {
  /** An Authorization header to begin with; only ever a simulator's. */
  readonly authorization?: string;
}

const whoAmI = `# Who am I? Press the pink triangle,
# or Ctrl-Enter. The Headers tab below says
# who is asking: several accounts may.

query WhoAmI {
  accounts {
    id
    user {
      userId
      userName
      email
      broker
    }
  }
}
`;

const margins = `# Funds of both segments, in rupees, with
# one call to Kite for each account.

query Margins {
  accounts {
    user {
      userName
    }
    margins {
      equity {
        ...Funds
      }
      commodity {
        ...Funds
      }
    }
  }
}

fragment Funds on SegmentMargins {
  asOf
  enabled
  net
  available {
    cash
    collateral
    liveBalance
  }
  utilised {
    debits
    span
    exposure
  }
}
`;

const severalAccounts = `# Several accounts at once: the Authorization
# header lists them, with commas between.
# What fails is null, with a coded error
# beside it; the rest is complete.

query SeveralAccounts {
  accounts {
    id
    apiKey
    user {
      userName
    }
    margins {
      equity {
        net
      }
      commodity {
        net
      }
    }
  }
}
`;

const login = `# Log a user in: run LoginUrls, open the
# kiteLoginUrl, and log in. Copy request_token
# from the address where that ends into the
# variables below, and run ExchangeToken.
# It works once, for five minutes. This page
# forgets all that is typed when it closes.

query LoginUrls {
  apps {
    apiKey
    name
    kiteLoginUrl
  }
}

mutation ExchangeToken($requestToken: String!) {
  exchangeToken(input: { requestToken: $requestToken }) {
    __typename
    ... on Session {
      account {
        id
      }
      user {
        userName
      }
      loginTime
      expiresAt
    }
    ... on ApiError {
      code
      message
    }
  }
}
`;

const liveMargins = `# Margins as they change: the present state
# of each account first, then every change.
# It goes on until you press the square.

subscription LiveMargins {
  marginsChanged(everySeconds: 2) {
    account {
      id
    }
    margins {
      equity {
        asOf
        net
      }
      commodity {
        asOf
        net
      }
    }
  }
}
`;

/** What the page shows first. */
export function graphiqlOptions({ authorization }: GraphiqlPage): GraphiQLOptions {
  const headers = JSON.stringify(authorization ? { Authorization: authorization } : {}, null, 2);
  const variables = JSON.stringify({ requestToken: 'paste it here' }, null, 2);
  return {
    title: 'kite-graphql',
    defaultTabs: [
      ...[whoAmI, margins, severalAccounts].map((query) => ({ query, headers })),
      { query: login, variables, headers },
      { query: liveMargins, headers },
    ],
    defaultHeaders: headers,
    headers,
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: 'headers',
    credentials: 'same-origin',
  };
}

/**
 * Runs before GraphiQL: gives it a storage that ends with the page, and keeps queries out of the address.
 * It would otherwise leave variables, answers and queries, and so tokens, in the browser for anyone after.
 */
const forgetful = `
  class PageStorage {
    getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; }
    setItem(key, value) { this[key] = String(value); }
    removeItem(key) { delete this[key]; }
    clear() { for (const key of Object.keys(this)) delete this[key]; }
    key(index) { return Object.keys(this)[index] ?? null; }
    get length() { return Object.keys(this).length; }
  }
  for (const name of ['localStorage', 'sessionStorage']) {
    Object.defineProperty(window, name, { value: new PageStorage() });
  }
  history.replaceState = () => {};
`;

/** A page, and the headers that go with it. */
export interface RenderedPage {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Renders the page. Its nine megabytes are loaded when somebody first looks. */
export async function renderGraphiqlPage(page: GraphiqlPage): Promise<RenderedPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = String(await renderGraphiQL(graphiqlOptions(page)));
  const body = html.replace('<head>', () => `<head><script>${forgetful}</script>`);
  const scripts = [...body.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text);
  return {
    body: new TextEncoder().encode(body),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': contentSecurityPolicy(scripts),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    },
  };
}

/** Lets the page run its own scripts, talk to its own origin, and nothing else. */
function contentSecurityPolicy(scripts: readonly string[]): string {
  const hashes = scripts.map(
    (script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    // The editor starts its language services from scripts inside the page, and styles its lines one by one.
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'font-src data:',
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
