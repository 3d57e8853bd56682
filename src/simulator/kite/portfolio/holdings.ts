// The holdings of a simulated user, as GET /portfolio/holdings answers them: a stand-in, so that a backend that uses a
// session of the gateway has something to read.
import { seededDraw } from '../../random.ts';

/** A holding on Kite's wire. */
export interface Holding {
  /** Such as `INFY`. */
  readonly tradingsymbol: string;
  /** Where it was last traded. */
  readonly exchange: string;
  /** The number of the instrument, invented. */
  readonly instrument_token: number;
  /** The international number of the security. */
  readonly isin: string;
  /** `CNC` for each holding. */
  readonly product: string;
  /** 0 for each holding. */
  readonly price: number;
  /** Net quantity, settled. */
  readonly quantity: number;
  /** Sold today. */
  readonly used_quantity: number;
  /** Bought and not settled. */
  readonly t1_quantity: number;
  /** Delivered to the depository. */
  readonly realised_quantity: number;
  /** At the beginning of the day. */
  readonly opening_quantity: number;
  /** Rupees a share, as it was bought. */
  readonly average_price: number;
  /** Rupees a share, as it was last traded. */
  readonly last_price: number;
  /** Rupees a share, at the last close. */
  readonly close_price: number;
  /** Rupees: what was won or lost on paper. */
  readonly pnl: number;
  /** Rupees a share since the last close. */
  readonly day_change: number;
  /** The same in percent. */
  readonly day_change_percentage: number;
}

const instruments = [
  { tradingsymbol: 'INFY', instrument_token: 408065, isin: 'INE009A01021' },
  { tradingsymbol: 'RELIANCE', instrument_token: 738561, isin: 'INE002A01018' },
  { tradingsymbol: 'SBIN', instrument_token: 779521, isin: 'INE062A01020' },
  { tradingsymbol: 'TCS', instrument_token: 2953217, isin: 'INE467B01029' },
] as const;

/** The holdings of a user, by number: a pure function of number and seed. */
export function holdingsOf(userNumber: number, seed: number): readonly Holding[] {
  const draw = seededDraw(seed, userNumber, 'holdings');
  return instruments.slice(0, draw(1, instruments.length)).map((instrument) => {
    const quantity = draw(1, 200);
    const paise = draw(10_000, 400_000);
    const close = paise + draw(-500, 500);
    const last = close + draw(-500, 500);
    return {
      ...instrument,
      exchange: 'NSE',
      product: 'CNC',
      price: 0,
      quantity,
      used_quantity: 0,
      t1_quantity: 0,
      realised_quantity: quantity,
      opening_quantity: quantity,
      average_price: paise / 100,
      last_price: last / 100,
      close_price: close / 100,
      pnl: ((last - paise) * quantity) / 100,
      day_change: (last - close) / 100,
      day_change_percentage: ((last - close) / close) * 100,
    };
  });
}
