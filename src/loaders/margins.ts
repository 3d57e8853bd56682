// The loader of margins: it sees which segments of an account a wave asks for, and calls Kite once for them.
import DataLoader from 'dataloader';
import type { KiteClient } from '../kite/client.ts';
import type { Field } from '../kite/field.ts';
import type { Segment, SegmentMargins } from '../kite/margins.ts';
import type { Account } from './account.ts';

/** One segment of one account. */
export interface MarginsKey {
  readonly account: Account;
  readonly segment: Segment;
}

/** One segment's margins and the moment Kite answered. */
export interface SegmentAnswer {
  /** Null where Kite's answer leaves the segment out. */
  readonly margins: Field<SegmentMargins | null>;
  /** When Kite's answer arrived. */
  readonly asOf: Date;
}

/** Loads one segment of an account. Rejects with KiteError. */
export type MarginsLoader = DataLoader<MarginsKey, Promise<SegmentAnswer>, string>;

type Answer = (segment: Segment) => SegmentAnswer;

/** Makes the loader for one operation, whose signal ends its calls. */
export function createMarginsLoader(
  kite: KiteClient,
  now: () => Date,
  signal: AbortSignal,
): MarginsLoader {
  async function ask(account: Account, segments: ReadonlySet<Segment>): Promise<Answer> {
    const [only, other] = segments;
    if (only !== undefined && other === undefined) {
      const margins = await kite.segmentMargins(account.credential, only, signal);
      const asOf = now();
      return () => ({ margins, asOf });
    }
    const both = await kite.margins(account.credential, signal);
    const asOf = now();
    return (segment) => ({ margins: both[segment], asOf });
  }

  return new DataLoader(
    async (keys) => {
      const segments = new Map<string, Set<Segment>>();
      for (const { account, segment } of keys) {
        const known = segments.get(account.id);
        if (known === undefined) segments.set(account.id, new Set([segment]));
        else known.add(segment);
      }
      const answers = new Map<string, Promise<Answer>>();
      // An array of promises, not a promise of answers: one hanging account holds back no other.
      return keys.map(({ account, segment }) => {
        const wanted = segments.get(account.id) ?? new Set([segment]);
        const answer = answers.get(account.id) ?? ask(account, wanted);
        answers.set(account.id, answer);
        return answer.then((of) => of(segment));
      });
    },
    { cacheKeyFn: ({ account, segment }) => `${account.id} ${segment}` },
  );
}
