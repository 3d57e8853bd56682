// The simulated brokers for the tests of other projects: their controls as functions, from any process.
import type { SimulatedUser } from '../simulator/control/simulated-users.ts';
import type { Fault } from '../simulator/faults/fault.ts';
import { type SimulatorOptions, startSimulator as startServer } from '../simulator/simulator.ts';

export type { SimulatedUser } from '../simulator/control/simulated-users.ts';
export type { Fault } from '../simulator/faults/fault.ts';
export type { SimulatorApp, SimulatorOptions } from '../simulator/simulator.ts';

/** How far the clock goes on; the parts are added. */
export interface ClockStep {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
}

/** A payment into a segment. */
export interface PayIn {
  readonly userId: string;
  readonly segment: 'equity' | 'commodity';
  /** Negative for a pay-out. */
  readonly rupees: number;
}

/** A request that the simulated brokers have received. */
export interface BrokerRequest {
  /** RFC 3339, on the clock of the simulator. */
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly userId: string | null;
  readonly apiKey: string | null;
  /** Null until it is answered. */
  readonly status: number | null;
}

/** A code that the simulated Kotak has sent to a phone. */
export interface AccessCode {
  readonly time: string;
  readonly userId: string;
  readonly accessCode: string;
}

/** A control call that the simulator refused. */
export class ControlRefusedError extends Error {
  override readonly name = 'ControlRefusedError';
  /** The HTTP status. */
  readonly status: number;

  /** @param message what is wrong, and what to send instead. */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What tests do with a simulator. Everything is also below `/simulator` of its address. */
export interface SimulatorControl {
  /** Its address, such as `http://127.0.0.1:4010`: Kite's API, and the login page at `/connect/login`. */
  readonly url: string;
  /** The users of both brokers. */
  readonly users: readonly SimulatedUser[];
  /** The clock by which tokens expire: Kite's at 06:00 in India, Kotak's at midnight. */
  readonly clock: {
    now(): Promise<Date>;
    set(time: Date | string): Promise<Date>;
    /** @example await simulator.clock.advance({ days: 1 }); // every session has expired */
    advance(step: ClockStep): Promise<Date>;
  };
  /**
   * What goes wrong at the brokers: docs/simulator.md has the kinds. The gateway sends a read again, once, after a failure
   * of the connection and after 502, 503 and 504: with `times: 1` the second attempt succeeds, and the page sees no error.
   */
  readonly faults: {
    /** @example await simulator.faults.add({ kind: 'too-many-requests', userId: 'SIM0002', times: 1 }); */
    add(fault: Fault): Promise<void>;
    list(): Promise<readonly Fault[]>;
    clear(): Promise<void>;
  };
  /** The API requests of the gateway since the start, the reset or `clear`. */
  readonly requests: {
    list(): Promise<readonly BrokerRequest[]>;
    clear(): Promise<void>;
  };
  /** Changes margins. */
  payIn(payIn: PayIn): Promise<void>;
  /** Ends every session of a user at the broker. */
  masterLogout(userId: string): Promise<void>;
  /** The access codes that the simulated Kotak has sent, the oldest first. */
  accessCodes(): Promise<readonly AccessCode[]>;
  /** Restores clock, tokens, margins, faults and requests, for the next test. */
  reset(): Promise<void>;
}

/** A simulator in this process. */
export interface SimulatorForTests extends SimulatorControl {
  /** Ends it at once. A second call does nothing. */
  close(): Promise<void>;
}

/**
 * Starts a simulator in this process, on a free port if none is named.
 * @example
 * const simulator = await startSimulator();
 * await simulator.faults.add({ kind: 'hang', userId: 'SIM0002' });
 * await simulator.close();
 *
 * @throws RangeError if an option has no such value; an error of node:net, such as EADDRINUSE.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<SimulatorForTests> {
  const server = await startServer({ port: 0, ...options });
  return { ...(await connectSimulator(server.url)), close: () => server.close() };
}

/**
 * The controls of a simulator of another process, such as the one that a global set-up has started.
 * @param url its address.
 * @throws TypeError, by `fetch`, if nothing answers there; ControlRefusedError or SyntaxError if another server does.
 */
export async function connectSimulator(url: string): Promise<SimulatorControl> {
  const address = url.replace(/\/$/, '');
  const call = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${address}/simulator/${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    throw new ControlRefusedError(response.status, errorIn(text));
  };
  const timeOf = async (answer: Promise<{ readonly now: string }>) => new Date((await answer).now);
  const { users } = await call<Pick<SimulatorControl, 'users'>>('GET', 'users');
  return {
    url: address,
    users,
    clock: {
      now: () => timeOf(call('GET', 'clock')),
      set: (time) => timeOf(call('POST', 'clock', { now: new Date(time).toISOString() })),
      advance: async ({ days = 0, hours = 0, minutes = 0, seconds = 0, ...others }) => {
        const [unknown] = Object.keys(others);
        if (unknown !== undefined) {
          const message = `${unknown}: is no part of a step. Use days, hours, minutes and seconds.`;
          throw new ControlRefusedError(400, message);
        }
        const advanceSeconds = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
        return timeOf(call('POST', 'clock', { advanceSeconds }));
      },
    },
    faults: {
      add: (fault) => call('POST', 'faults', fault),
      list: async () => (await call<{ faults: Fault[] }>('GET', 'faults')).faults,
      clear: () => call('DELETE', 'faults'),
    },
    requests: {
      list: async () => (await call<{ requests: BrokerRequest[] }>('GET', 'requests')).requests,
      clear: () => call('DELETE', 'requests'),
    },
    payIn: (payIn) => call('POST', 'pay-ins', payIn),
    masterLogout: (userId) => call('POST', 'master-logout', { userId }),
    accessCodes: async () =>
      (await call<{ messages: AccessCode[] }>('GET', 'kotak/messages')).messages,
    reset: () => call('POST', 'reset'),
  };
}

function errorIn(text: string): string {
  try {
    return String(JSON.parse(text).error);
  } catch {
    return 'There is no simulator at this address.';
  }
}
