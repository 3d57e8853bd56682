// The schema of the servers that the gateway is compared with: what the question asks for, in the gateway's words.

/** As SDL. */
export const typeDefs = `
  type Query {
    account: Account
  }
  type Account {
    user: User
    margins: Margins
  }
  type User {
    userId: ID!
    userName: String
    email: String
    broker: String
  }
  type Margins {
    equity: SegmentMargins
    commodity: SegmentMargins
  }
  type SegmentMargins {
    enabled: Boolean!
    net: Float!
    available: AvailableMargins!
    utilised: UtilisedMargins!
  }
  type AvailableMargins {
    cash: Float
    liveBalance: Float
    collateral: Float
  }
  type UtilisedMargins {
    debits: Float
    span: Float
    exposure: Float
  }
`;
