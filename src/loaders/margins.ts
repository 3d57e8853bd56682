// The loader of margins: it sees which segments of an account a wave asks for, and calls Kite once for them.
import DataLoader from 'dataloader';
import type { Segment } from '../brokers/answers.ts';
import type { Account } from './account.ts';
import type { Asker } from './answer.ts';
import type { SegmentValue, SharedReads } from './shared-reads.ts';

/** One segment of one account. */
export interface MarginsKey {
  readonly account: Account;
  readonly segment: Segment;
}

/** One segment's margins and the moment Kite answered. */
export interface SegmentAnswer {
  /** Null where Kite's answer leaves the segment out. */
  readonly margins: SegmentValue;
  /** When Kite's answer arrived. */
  readonly asOf: Date;
}

/** Loads one segment of an account. Rejects with BrokerError. */
export type MarginsLoader = DataLoader<MarginsKey, Promise<SegmentAnswer>, string>;

/** Makes the loader for one operation. */
export function createMarginsLoader(reads: SharedReads, asker: Asker): MarginsLoader {
  return new DataLoader(
    async (keys) => {
      const segments = new Map<string, Set<Segment>>();
      for (const { account, segment } of keys) {
        const known = segments.get(account.id);
        if (known === undefined) segments.set(account.id, new Set([segment]));
        else known.add(segment);
      }
      const answers = new Map<string, ReturnType<SharedReads['margins']>>();
      // An array of promises, not a promise of answers: one hanging account holds back no other.
      return keys.map(async ({ account, segment }): Promise<SegmentAnswer> => {
        const wanted = segments.get(account.id) ?? new Set([segment]);
        const answer = answers.get(account.id) ?? reads.margins(account.credential, wanted, asker);
        answers.set(account.id, answer);
        const { value, asOf } = await answer(segment);
        return { margins: value, asOf };
      });
    },
    { cacheKeyFn: ({ account, segment }) => `${account.id} ${segment}` },
  );
}
