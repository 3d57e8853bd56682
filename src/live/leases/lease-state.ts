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
  readonly wants: readonly WrittenWant[];
}

/** What a replica wants. */
export interface WrittenWant {
  readonly from: string;
  /** When it was written, by Redis's clock. */
  readonly since: number;
  readonly text: string;
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
  const fields = fieldsOf(reply);
  const { holder, fence, latest = null } = known.parse(Object.fromEntries(fields));
  return { holder, fence, latest, wants: wantsOf(fields) };
}

/** Reads what replicas want, from the fields of a lease that is over or not there. @throws ZodError for anything else. */
export function parseWants(reply: unknown): readonly WrittenWant[] {
  return wantsOf(fieldsOf(reply));
}

function fieldsOf(reply: unknown): ReadonlyMap<string, string> {
  const all = words.parse(reply);
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < all.length; i += 2) fields.set(all[i] ?? '', all[i + 1] ?? '');
  return fields;
}

function wantsOf(fields: ReadonlyMap<string, string>): readonly WrittenWant[] {
  return [...fields]
    .filter(([name]) => name.startsWith(wantPrefix))
    .map(([name, value]) => {
      const [since, text = ''] = value.split('|', 2);
      return { from: name.slice(wantPrefix.length), since: Number(since), text };
    });
}
