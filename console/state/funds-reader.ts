// Reads funds and sums: each account as it answers, and the sums of the gateway when the last one has.
import type { Client } from '../../src/client/client.ts';
import { FundsDocument, type FundsQuery, SumsDocument } from '../generated/graphql.ts';
import { type Funds, noFunds, withSegment } from './funds.ts';
import { type Problem, problemOf } from './gateway.ts';
import type { Store } from './store.ts';

/** Calls to the broker that the open page may cause in a second: half of what it allows an app, so that others find room. */
const pollsPerSecond = 5;
/** Seconds between two polls of an account where there are few. */
const fewSeconds = 5;
/** The oldest answer that gateways accept by default, in seconds: sums over more accounts than are polled in it make calls. */
const oldestAnswer = 60;
/** Milliseconds between two reads of sums. */
const sumPause = 1_500;

/** Seconds within which the stream, which is opened with the query, has called for an account already. */
const justNow = 2;

/** Seconds between two polls of each of so many accounts. */
export function secondsBetweenPolls(accounts: number): number {
  return Math.max(fewSeconds, Math.ceil(accounts / pollsPerSecond));
}

type KiteAccount = NonNullable<NonNullable<FundsQuery['kite']>[number]>;
type ProblemAt = (...path: readonly (string | number)[]) => Problem | null;

/** Reads into the store. */
export class FundsReader {
  readonly #store: Store;
  readonly #client: Client;
  /** Ends the read of all accounts that is in flight. */
  #reading = new AbortController();
  #sumTimer: ReturnType<typeof setTimeout> | undefined;
  #sumRead = 0;
  #reads = 0;
  /** Of each account, the newest read that has brought its funds: an earlier one that answers later changes nothing. */
  readonly #newest = new Map<string, number>();

  constructor(store: Store, client: Client) {
    this.#store = store;
    this.#client = client;
  }

  /**
   * Reads active accounts, and the sums; each is shown when it arrives.
   * @param ids the accounts to read; for the sums, the others are taken from answers that the stream has just brought.
   * Default: all accounts.
   */
  async read(ids?: readonly string[]): Promise<void> {
    const { accounts } = this.#store.state;
    if (accounts.length === 0) return this.#store.set({ sums: null, sumsStatus: 'idle' });
    let { signal } = this.#reading;
    if (!ids) {
      this.#reading.abort();
      this.#reading = new AbortController();
      signal = this.#reading.signal;
    }
    const wanted = ids && new Set(ids);
    const idsOf = (broker: 'KITE' | 'KOTAK') =>
      accounts.flatMap(({ id, isActive, broker: own }) =>
        isActive && own === broker && (wanted?.has(id) ?? true) ? [id] : [],
      );
    const [kite, kotak] = [idsOf('KITE'), idsOf('KOTAK')];
    const isWhole = kite.length + kotak.length === accounts.filter((each) => each.isActive).length;
    const request = { signal, maxAge: isWhole ? justNow : this.#maxAge() };
    const ownSum = this.#beginSum();
    this.#reads += 1;
    const own = this.#reads;
    /** What has been taken of the parts before. */
    const taken = new Map<string, unknown>();
    for await (const part of this.#client.parts(FundsDocument, { kite, kotak }, request)) {
      if (signal.aborted) return;
      const { data, errors, hasNext } = part;
      const problemAt: ProblemAt = (...path) => {
        const error = errors.find(({ path: place }) =>
          path.every((step, index) => place?.[index] === step),
        );
        return error ? problemOf(error) : null;
      };
      this.#takeAccounts(own, data, taken, problemAt);
      if (!hasNext) {
        const [error] = errors.filter(({ path }) => path === undefined);
        const whole = error ? problemOf(error) : null;
        const missing = [...kite, ...kotak].filter((id) => !taken.has(id));
        this.#failAccounts(own, missing, whole ?? problemAt('kite') ?? problemAt('kotak'));
        ownSum(data?.combinedMargins, problemAt('combinedMargins') ?? whole, false);
      } else ownSum(data?.combinedMargins, null, true);
    }
  }

  #takeAccounts(
    own: number,
    data: FundsQuery | null,
    taken: Map<string, unknown>,
    problemAt: ProblemAt,
  ): void {
    const funds = new Map(this.#store.state.funds);
    for (const [index, account] of (data?.kite ?? []).entries()) {
      if (account?.margins === undefined || taken.get(account.id) === account) continue;
      taken.set(account.id, account);
      if (this.#isOvertaken(account.id, own, account.margins !== null)) continue;
      const problem = problemAt('kite', index, 'margins');
      funds.set(account.id, this.withMargins(account.id, account.margins, problem));
    }
    for (const [index, account] of (data?.kotak ?? []).entries()) {
      if (account?.kotakMargins === undefined || taken.get(account.id) === account) continue;
      taken.set(account.id, account);
      const { kotakMargins } = account;
      if (this.#isOvertaken(account.id, own, kotakMargins !== null)) continue;
      const before = funds.get(account.id) ?? noFunds;
      const problem = problemAt('kotak', index);
      funds.set(account.id, { ...before, kotak: kotakMargins ?? before.kotak, problem });
    }
    this.#store.set({ funds });
  }

  /** Whether a later read has brought the funds of an account. If not, and these are its funds, this read has. */
  #isOvertaken(id: string, own: number, hasFunds: boolean): boolean {
    const isOvertaken = own < (this.#newest.get(id) ?? 0);
    if (hasFunds && !isOvertaken) this.#newest.set(id, own);
    return isOvertaken;
  }

  #failAccounts(own: number, ids: readonly string[], problem: Problem | null): void {
    if (ids.length === 0) return;
    const funds = new Map(this.#store.state.funds);
    const known = problem ?? { code: 'UNKNOWN', message: '', retryable: true };
    for (const id of ids) {
      if (this.#isOvertaken(id, own, false)) continue;
      funds.set(id, { ...(funds.get(id) ?? noFunds), problem: known });
    }
    this.#store.set({ funds });
  }

  /** An account's funds with its newest margins. */
  withMargins(id: string, margins: KiteAccount['margins'], problem: Problem | null): Funds {
    const before = this.#store.state.funds.get(id) ?? noFunds;
    if (!margins && problem) return { ...before, problem };
    return {
      ...before,
      problem: null,
      equity: withSegment(before.equity, margins?.equity, problem),
      commodity: withSegment(before.commodity, margins?.commodity, problem),
    };
  }

  /** Takes sums unless others have been asked for meanwhile. */
  #beginSum() {
    this.#sumRead += 1;
    const own = this.#sumRead;
    if (this.#store.state.sums === null) this.#store.set({ sumsStatus: 'loading' });
    return (
      sums: FundsQuery['combinedMargins'] | undefined,
      problem: Problem | null,
      hasNext: boolean,
    ) => {
      if (own !== this.#sumRead) return;
      if (sums) this.#store.set({ sums, sumsStatus: 'ready', sumsProblem: null });
      else if (!hasNext) this.#store.set({ sumsStatus: 'failed', sumsProblem: problem });
    };
  }

  get #polled(): number {
    return this.#store.state.accounts.filter((each) => each.isActive && each.broker === 'KITE')
      .length;
  }

  /**
   * Seconds that an answer may be old of which a sum is made: a little more than between two polls, so that a change
   * costs no further call, and that an account whose poll has failed is not in the sum by an older answer.
   */
  #maxAge(): number {
    return Math.min(secondsBetweenPolls(this.#polled) + 1, oldestAnswer);
  }

  /**
   * Reads the sums soon: once for several changes. Answers that the stream has brought are not called for again, unless
   * there are so many accounts that they are too old by then: the sums are then read as seldom as these calls allow.
   */
  readSumsSoon(): void {
    if (this.#sumTimer !== undefined) return;
    const polled = this.#polled;
    const isCalledFor = secondsBetweenPolls(polled) >= oldestAnswer;
    const pause = isCalledFor ? (polled / pollsPerSecond) * 1_000 : sumPause;
    this.#sumTimer = setTimeout(async () => {
      this.#sumTimer = undefined;
      const { accounts } = this.#store.state;
      if (accounts.length === 0) return this.#store.set({ sums: null, sumsStatus: 'idle' });
      const ownSum = this.#beginSum();
      const maxAge = this.#maxAge();
      const { data, error } = await this.#client.query(SumsDocument, {}, { maxAge });
      ownSum(data?.combinedMargins, error && problemOf(error), false);
    }, pause);
  }
}
