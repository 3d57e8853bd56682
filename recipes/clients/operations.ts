// The operations of a page, typed by `npm run codegen`. Every object that has an `id` is selected with it.
import { graphql } from './generated/gql.ts';

export const Funds = graphql(`
  query Funds {
    accounts {
      id
      user { id userName }
      margins { id equity { id net asOf } }
    }
  }
`);

export const FundsAsTheyCome = graphql(`
  query FundsAsTheyCome {
    accounts {
      id
      ... @defer { user { id userName } }
      ... @defer { margins { id equity { id net asOf } } }
    }
  }
`);

export const LiveFunds = graphql(`
  subscription LiveFunds {
    marginsChanged(everySeconds: 2) {
      account { id }
      margins { id equity { id net asOf } }
    }
  }
`);
