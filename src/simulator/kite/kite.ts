// The simulated Kite: everything it remembers, in one place, so that one call can start it over.
import { Clock } from '../clock.ts';
import { Faults } from '../faults/fault.ts';
import type { Settings } from '../options.ts';
import { RateLimit } from '../rate-limit.ts';
import { RequestLog } from '../request-log.ts';
import { PayIns } from './pay-ins.ts';
import { RequestTokens } from './request-tokens.ts';
import { Sessions } from './sessions.ts';

/** The state behind a simulator's endpoints. */
export class Kite {
  /** What was set when it started. */
  readonly settings: Settings;
  /** The clock for the expiry of tokens. */
  readonly clock: Clock;
  /** Access and refresh tokens. */
  readonly sessions: Sessions;
  /** Request tokens. */
  readonly requestTokens = new RequestTokens();
  /** What each app may still ask in this second. */
  readonly rateLimit: RateLimit;
  /** What users have paid in. */
  readonly payIns: PayIns;
  /** The faults in force. */
  readonly faults = new Faults();
  /** The API requests so far. */
  readonly log = new RequestLog();

  constructor(settings: Settings) {
    this.settings = settings;
    this.clock = new Clock(settings.now);
    this.sessions = new Sessions(settings.accounts, this.clock.now());
    this.rateLimit = new RateLimit(settings.rateLimit);
    this.payIns = new PayIns(settings.seed);
  }

  /** Ends everything a user has, in every app, as the user can do from Kite's own terminal. */
  masterLogout(userId: string): void {
    this.sessions.endAllOf(userId);
    this.requestTokens.endAllOf(userId);
  }

  /** Restores the initial state; requests in flight continue. */
  reset(): void {
    this.clock.reset();
    this.sessions.reset(this.clock.now());
    this.requestTokens.clear();
    this.rateLimit.clear();
    this.payIns.clear();
    this.faults.clear();
    this.log.clear();
  }
}
