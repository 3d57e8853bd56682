// The profile of a simulated user, as GET /user/profile answers it.
import { edgeCasesOf } from './edge-cases.ts';
import { nameOf, userIdOf } from './users.ts';

/** A profile on Kite's wire; the session payload holds the same fields. */
export interface Profile {
  /** Such as `SIM0001`. */
  readonly user_id: string;
  /** `individual` for every simulated user; an open set at Kite. */
  readonly user_type: string;
  /** An address that cannot receive anything. */
  readonly email: string;
  /** Given and family name. */
  readonly user_name: string;
  /** The given name. */
  readonly user_shortname: string;
  /** `ZERODHA`. */
  readonly broker: string;
  /** Exchange codes, an open set. */
  readonly exchanges: readonly string[];
  /** Product codes, an open set. */
  readonly products: readonly string[];
  /** Order types, an open set. */
  readonly order_types: readonly string[];
  /** The address of a PNG, or null. */
  readonly avatar_url: string | null;
  /** Missing for some users. */
  readonly meta?: {
    /** `""`, `consent` or `physical`. */
    readonly demat_consent: string;
  };
}

const exchanges = ['BFO', 'MCX', 'NSE', 'CDS', 'BSE', 'BCD', 'MF', 'NFO'];
const products = ['CNC', 'NRML', 'MIS', 'BO', 'CO'];
const orderTypes = ['MARKET', 'LIMIT', 'SL', 'SL-M'];

/** The profile of a user, by number: a pure function of number and seed. */
export function profileOf(userNumber: number, seed: number): Profile {
  const odd = edgeCasesOf(userNumber);
  const { given, family } = nameOf(userNumber, seed);
  const userId = userIdOf(userNumber);
  const consent = odd.includes('demat-consent-empty')
    ? ''
    : odd.includes('demat-consent-given')
      ? 'consent'
      : 'physical';
  return {
    user_id: userId,
    user_type: 'individual',
    email: `${given}.${family}.${userId}@kite.example`.toLowerCase(),
    user_name: `${given} ${family}`,
    user_shortname: given,
    broker: 'ZERODHA',
    exchanges: odd.includes('disabled-commodity')
      ? exchanges.filter((exchange) => exchange !== 'MCX')
      : exchanges,
    products: [
      ...products,
      ...(odd.includes('mtf-product') ? ['MTF'] : []),
      // No product of Kite's: a stand-in for the one it will think of next.
      ...(odd.includes('unknown-product') ? ['SIMX'] : []),
    ],
    order_types: orderTypes,
    avatar_url: odd.includes('null-avatar')
      ? null
      : `https://avatars.kite.example/${userId.toLowerCase()}.png`,
    ...(odd.includes('missing-meta') ? {} : { meta: { demat_consent: consent } }),
  };
}
