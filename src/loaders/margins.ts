// The loader of margins: it sees which segments of an account a wave asks for, and calls Kite once for them.
import DataLoader from 'dataloader';
import type { Segment } from '../brokers/answers.ts';
import type { Account } from './account.ts';
import type { Answer, Asker } from './answer.ts';
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
      const wanted = new Map<string, Set<Segment>>();
      for (const { account, segment } of keys) {
        const known = wanted.get(account.id);
        if (known === undefined) wanted.set(account.id, new Set([segment]));
        else known.add(segment);
      }
      const answers = new Map<string, ReturnType<SharedReads['margins']>>();
      // An array of promises, not a promise of answers: one hanging account holds back no other.
      return keys.map(({ account: { id, credential }, segment }) => {
        let answer = answers.get(id);
        if (answer === undefined) {
          answer = reads.margins(credential, wanted.get(id) ?? new Set([segment]), asker);
          answers.set(id, answer);
        }
        return answer(segment).then(segmentAnswer);
      });
    },
    { cacheKeyFn: ({ account, segment }) => `${account.id} ${segment}` },
  );
}

function segmentAnswer({ value, asOf }: Answer<SegmentValue>): SegmentAnswer {
  return { margins: value, asOf };
}
