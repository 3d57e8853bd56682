// GraphiQL on the GraphQL address: offline, with tabs that greet a newcomer, and no token in the browser's storage.
import type { GraphiQLOptions } from 'graphql-yoga';

/** How the page greets. */
export interface GraphiqlPage {
  /** An Authorization header to begin with; only ever a simulator's. */
  readonly authorization?: string;
}

const whoAmI = `# Who am I? Press the triangle above, or Ctrl-Enter.
# The Headers tab below says who is asking. Several accounts came with it, so this asks for all.

query WhoAmI {
  accounts {
    id
    user {
      userId
      userName
      email
      broker
      exchanges
    }
  }
}
`;

const margins = `# Funds of both segments, in rupees. Ask for one segment alone, and Kite is asked for that one only.

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

const severalAccounts = `# Several accounts at once: list them in the Authorization header, separated by commas.
# One that fails is null, with a coded error beside the answer; the others are complete.

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

const login = `# Log a user in: run LoginUrls, open a kiteLoginUrl, and copy the request_token that it ends with
# into ExchangeToken. A request token works once, for five minutes.

query LoginUrls {
  apps {
    apiKey
    name
    kiteLoginUrl
  }
}

mutation ExchangeToken {
  exchangeToken(input: { requestToken: "paste it here" }) {
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

/** Yoga's options for the page. */
export function graphiqlOptions({ authorization }: GraphiqlPage): GraphiQLOptions {
  const headers = JSON.stringify(authorization ? { Authorization: authorization } : {}, null, 2);
  return {
    title: 'kite-graphql',
    defaultTabs: [whoAmI, margins, severalAccounts, login].map((query) => ({ query, headers })),
    defaultHeaders: headers,
    headers,
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: 'headers',
    credentials: 'same-origin',
  };
}

/** The page. Its nine megabytes are loaded when somebody first looks. */
export async function renderGraphiqlPage(options: GraphiQLOptions): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  return String(await renderGraphiQL(options));
}
