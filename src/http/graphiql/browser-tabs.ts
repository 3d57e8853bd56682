// The tabs of GraphiQL that ask with the cookie of this browser.

/** The accounts and apps of this browser. @param url where a login comes back to. */
export const thisBrowser = (url: string) => `# The accounts that this browser has logged in.
# Log in with a link at the top of this page
# and run this. It sends no Authorization
# header, so the gateway uses the cookie.
# Your own page sends its users to loginUrl
# in the same way.

query ThisBrowser {
  sessions {
    id
    state
    expiresAt
    account {
      id
      label
    }
    user {
      userId
      userName
    }
  }
  apps {
    name
    loginUrl(returnTo: ${JSON.stringify(url)})
  }
}
`;

/** Funds of the accounts of this browser. */
export const browserMargins = `# Funds of the accounts of this browser: all of
# them, or those that you select at the top of
# this page. Their ids are the variable
# $accountIds, here and in each tab that has it.

query BrowserMargins($accountIds: [ID!]) {
  accounts(ids: $accountIds) {
    id
    label
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
  combinedMargins(accountIds: $accountIds) {
    total {
      net
    }
    failures {
      accountId
      error {
        code
      }
    }
  }
}
`;

/** Margins of the accounts of this browser as they change. */
export const liveBrowser = `# Margins of the accounts of this browser as
# they change, with the cookie alone. It runs
# until you press the square.

subscription LiveBrowser($accountIds: [ID!]) {
  marginsChanged(accountIds: $accountIds, everySeconds: 2) {
    account {
      id
      label
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

/** The sessions of this browser as they change. */
export const liveSessions = `# The sessions of this browser: each as it is
# now, then every change, in any tab. Run it,
# then log in or out at the top of this page.

subscription LiveSessions {
  sessionsChanged {
    reason
    session {
      id
      state
      endReason
      account {
        id
        label
      }
    }
  }
}
`;

/** The end of sessions of this browser. */
export const logOut = `# Ends the sessions of this browser at the
# broker: all of them, or those of the accounts
# that you select at the top of this page.

mutation LogOut($accountIds: [ID!]) {
  logout(accountIds: $accountIds) {
    loggedOut
    failures {
      accountId
      error {
        code
        message
        retryable
      }
    }
  }
}
`;
