// A lease as Redis answers it.
import { z } from 'zod';
import { wantPrefix } from './scripts.ts';

/** What Redis has of a lease. */
export interface LeaseState {
  /** The replica that polls. */
  readonly holder: string;
  /** Since when by Redis's clock, at least: it grows with each holder. */
  readonly fence: number;
  /** The text of the latest result; null before the first. */
  readonly latest: string | null;
  /** What each replica wants, and when that was written by Redis's clock. */
  readonly wants: readonly {
    readonly from: string;
    readonly since: number;
    readonly text: string;
  }[];
}

const words = z.array(z.string());
const known = z.object({
  holder: z.string(),
  fence: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
  latest: z.string().optional(),
});

/** Reads the fields of a lease and their values, in turns. @throws ZodError for anything else. */
export function parseLease(reply: unknown): LeaseState {
  const all = words.parse(reply);
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < all.length; i += 2) fields.set(all[i] ?? '', all[i + 1] ?? '');
  const { holder, fence, latest = null } = known.parse(Object.fromEntries(fields));
  const wants = [...fields]
    .filter(([name]) => name.startsWith(wantPrefix))
    .map(([name, value]) => {
      const [since, text = ''] = value.split('|', 2);
      return { from: name.slice(wantPrefix.length), since: Number(since), text };
    });
  return { holder, fence, latest, wants };
}
