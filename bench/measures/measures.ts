// Every measure of the bench by its name, in the order of a run.
import type { Questions } from '../load/question.ts';
import type { Stage } from '../processes/stage.ts';
import type { Measured } from '../results.ts';
import { measureKeyring } from './keyring.ts';
import { measureMany } from './many.ts';
import { measureProfile } from './profile.ts';
import { measureRequests } from './requests.ts';
import { measureSharing } from './sharing.ts';
import { measureSingle } from './single.ts';
import { measureSoak } from './soak.ts';
import { measureStores } from './stores.ts';
import { measureTracing } from './tracing.ts';
import { measureTransports } from './transports.ts';
import { measureParts } from './without-sockets.ts';
import { measureWriters } from './writers.ts';

/** What every measure gets. */
export interface Bench {
  readonly stage: Stage;
  readonly questions: Questions;
  /** Whether rounds are short. */
  readonly isQuick: boolean;
  /** Says what is being done. */
  readonly say: (text: string) => void;
}

/** One measure. */
export interface Measure<Result> {
  /** What it measures, as the help says it. */
  readonly about: string;
  readonly run: (bench: Bench) => Promise<Result>;
}

type Measures = { readonly [Name in keyof Measured]-?: Measure<NonNullable<Measured[Name]>> };

/** The measures. */
export const measures: Measures = {
  single: {
    about: 'one account in each request, on every server',
    run: ({ stage, questions, isQuick, say }) =>
      measureSingle(
        stage,
        questions,
        isQuick
          ? { warmUpRequests: 10_000, rounds: 3, milliseconds: 700 }
          : { warmUpRequests: 30_000, rounds: 10, milliseconds: 1_500 },
        say,
      ),
  },
  writers: {
    about: 'the gateway by each of its writers, with and without plans of execution',
    run: ({ stage, questions, isQuick, say }) =>
      measureWriters(
        stage,
        questions,
        isQuick
          ? { warmUpRequests: 10_000, rounds: 3, milliseconds: 600 }
          : { warmUpRequests: 30_000, rounds: 8, milliseconds: 1_200 },
        say,
      ),
  },
  requests: {
    about: 'kinds of requests: fragments, a failed account, a mutation, errors',
    run: ({ stage, questions, isQuick, say }) =>
      measureRequests(
        stage,
        questions,
        isQuick
          ? { warmUpRequests: 4_000, rounds: 3, milliseconds: 400 }
          : { warmUpRequests: 20_000, rounds: 8, milliseconds: 800 },
        say,
      ),
  },
  tracing: {
    about: 'what tracing costs without an SDK of OpenTelemetry, and with one',
    run: ({ stage, questions, isQuick, say }) =>
      measureTracing(
        stage,
        questions,
        isQuick
          ? { warmUpRequests: 4_000, rounds: 3, milliseconds: 500 }
          : { warmUpRequests: 30_000, rounds: 8, milliseconds: 1_200 },
        say,
      ),
  },
  keyring: {
    about: 'browsers with a keyring of fifty sessions, on SQLite and on Redis',
    run: ({ stage, isQuick, say }) =>
      measureKeyring(
        stage,
        isQuick
          ? { warmUpRequests: 10_000, rounds: 3, milliseconds: 600 }
          : { warmUpRequests: 30_000, rounds: 8, milliseconds: 1_200 },
        say,
      ),
  },
  stores: {
    about:
      'a keyring among a hundred thousand in each store, and the clean-up of those that expired',
    run: ({ stage, isQuick, say }) =>
      measureStores(
        stage,
        isQuick ? { keyrings: 5_000, rounds: 3 } : { keyrings: 100_000, rounds: 10 },
        say,
      ),
  },
  many: {
    about: 'two hundred accounts and a thousand in one request',
    run: ({ stage, questions, isQuick, say }) =>
      measureMany(
        stage,
        questions,
        isQuick ? { warmUpRequests: 2_000, rounds: 4 } : { warmUpRequests: 10_000, rounds: 24 },
        say,
      ),
  },
  sharing: {
    about: 'calls upstream while many clients ask for the same account',
    run: ({ stage, questions, isQuick }) =>
      measureSharing(stage, questions, isQuick ? 1_000 : 3_000),
  },
  profile: {
    about: 'where the time of a request goes, from a sampling profile',
    run: ({ stage, questions, isQuick }) =>
      measureProfile(
        stage,
        questions,
        isQuick
          ? { warmUpRequests: 10_000, milliseconds: 1_000 }
          : { warmUpRequests: 20_000, milliseconds: 4_000 },
      ),
  },
  parts: {
    about: 'what each part of the gateway costs by itself, without sockets',
    run: ({ isQuick }) =>
      measureParts(isQuick ? { rounds: 3, runs: 1_000 } : { rounds: 10, runs: 4_000 }),
  },
  transports: {
    about: 'one call to Kite through each transport',
    run: ({ stage, isQuick }) =>
      isQuick ? measureTransports(stage, 2, 500) : measureTransports(stage, 5, 1_500),
  },
  soak: {
    about: 'memory under full load for two minutes; not with --quick',
    run: ({ stage, questions, isQuick, say }) =>
      measureSoak(stage, questions, isQuick ? 0 : 2, say),
  },
};
