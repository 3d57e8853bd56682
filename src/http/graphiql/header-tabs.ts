// The tabs of GraphiQL whose credentials are in the Authorization header.

/** The user of each credential. */
export const whoAmI = `# The user of this request. Press the pink
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

/** Funds of both segments. */
export const margins = `# Funds of both segments, in rupees, with
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

/** Several credentials in one request. */
export const severalAccounts = `# Several accounts at once: the Authorization
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

/** Sums over the accounts. */
export const sum = `# The funds of all accounts together. An
# account that cannot be read is missing from
# the sums and is in failures: show both.

query Sum {
  combinedMargins {
    total {
      asOf
      net
    }
    equity {
      net
    }
    commodity {
      net
    }
    accounts {
      id
    }
    failures {
      accountId
      error {
        code
        message
      }
    }
  }
}
`;

/** Accounts that arrive one by one. */
export const deferred = `# With @defer, the ids arrive first, then each
# account as soon as Kite has answered for it.

query Deferred {
  accounts {
    id
    ... @defer {
      user {
        userName
      }
      margins {
        equity {
          net
        }
      }
    }
  }
}
`;

/** Margins as they change. */
export const liveMargins = `# Margins as they change: the present state
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

/** A login by hand. */
export const login = `# Log a user in: run LoginUrls, open the
# brokerLoginUrl, and log in. Copy request_token
# from the final address into the variables
# below, and run ExchangeToken. The token
# works once, for five minutes. The history
# of this page keeps no variables of it.

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
