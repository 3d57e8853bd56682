// The margins of a simulated user of Kotak. The amounts are invented; how they relate to each other is not established.
import { seededDraw } from '../random.ts';
import { type KotakUser, kotakUsers } from './users.ts';

type Amounts = Readonly<Record<string, number>>;

/** The margins of a user: a pure function of the user and the seed. */
export function kotakMarginsOf(user: KotakUser, seed: number): object {
  const draw = seededDraw(seed, kotakUsers.indexOf(user) + 1, 'kotak');
  const rupees = (most: number) => draw(0, most * 100) / 100;
  const part = (cash: number): Amounts => {
    const used = rupees(5_000);
    return {
      additionalOptionBrokerage: 0,
      availableCashBalance: cash,
      clientGroupLimit: 0,
      debtorFlag: 0,
      dtv: 0,
      dtvBTSTSell: 0,
      initialMargin: 0,
      marginAvailable: Math.round((cash - used) * 100) / 100,
      marginUtilised: used,
      mfLien: 0,
      mtm: 0,
      nriPinsBalance: 0,
      optionPremium: 0,
      realizedPL: 0,
      securityMargin: 0,
      totalMargin: cash,
    };
  };
  const cash = 10_000 + rupees(90_000);
  const traded = (exchange: string) => ({ exchange, futures: part(cash), options: part(cash) });
  const canTrade = user.userType === 'G';
  return {
    commodities: [],
    currency: canTrade ? [traded('NSE')] : [],
    derivatives: canTrade ? [traded('NSE')] : [],
    equity: [
      {
        exchange: 'NSE,BSE',
        cash: part(cash),
        mtf: part(cash),
        mis: { misCutOff: 0, misPnl: 0, refreshTime: 15 },
      },
    ],
  };
}
