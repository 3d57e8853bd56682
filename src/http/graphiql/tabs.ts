// The tabs that GraphiQL begins with: the first steps of a newcomer.
import type { GraphiQLOptions } from 'graphql-yoga';

const whoAmI = `# The user of this request. Press the pink
# triangle or Ctrl-Enter. The Headers tab
# below has the credentials, one or several.

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
# header lists them, separated by commas.
# A field that fails is null and has a coded
# error; the rest is complete.

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
# brokerLoginUrl, and log in. Copy request_token
# from the final address into the variables
# below, and run ExchangeToken. The token
# works once, for five minutes. This page
# stores nothing that you type.

query LoginUrls {
  apps {
    apiKey
    name
    brokerLoginUrl
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

const thisBrowser = (url: string) => `# The accounts that this browser has logged in:
# follow a link at the top of this page, log
# in, and run this. It sends no Authorization
# header, so the gateway uses the cookie.
# Your own page sends its users to loginUrl
# in the same way.

query ThisBrowser {
  sessions {
    id
    state
    account {
      id
    }
    user {
      userName
    }
  }
  apps {
    name
    loginUrl(returnTo: ${JSON.stringify(url)})
  }
}
`;

const liveMargins = `# Margins as they change: the present state
# of each account first, then every change.
# It runs until you press the square.

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

/**
 * The tabs, from the simplest.
 * @param headers the headers, as JSON, that say who is asking.
 * @param url where GraphiQL lies, for logins to come back to.
 */
export function tabs(headers: string, url: string): NonNullable<GraphiQLOptions['defaultTabs']> {
  const variables = JSON.stringify({ requestToken: 'paste it here' }, null, 2);
  return [
    ...[whoAmI, margins, severalAccounts].map((query) => ({ query, headers })),
    { query: thisBrowser(url), headers: '{}' },
    { query: login, variables, headers },
    { query: liveMargins, headers },
  ];
}
