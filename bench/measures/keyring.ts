// Browsers: an account of a keyring, beside the same account by its credential in a header.

import { openBrowser } from '../load/browser.ts';
import type { Stage } from '../processes/stage.ts';
import {
  type Absolutes,
  absolutesOf,
  inTurn,
  type Ratios,
  type RoundsOptions,
  ratiosTo,
} from './rounds.ts';

/** A browser on one store. Ratios are to the same query with a header, on the same gateway. */
export interface KeyringResult extends Ratios, Absolutes {
  readonly store: 'SQLite' | 'Redis';
}

/** Measures a keyring on SQLite and, where this machine has it, on Redis. */
export async function measureKeyring(
  stage: Stage,
  options: RoundsOptions,
  progress: (text: string) => void,
): Promise<readonly KeyringResult[]> {
  const stores = [
    ['SQLite', stage.sqlite()],
    ['Redis', await stage.redis()],
  ] as const;
  const results: KeyringResult[] = [];
  for (const [store, address] of stores) {
    if (address === null) continue;
    progress(`logging in on ${store}`);
    const { server, byCookie, byHeader } = await openBrowser(stage, address);
    const contestants = [
      { name: `a header, ${store}`, server, question: byHeader },
      { name: `a keyring, ${store}`, server, question: byCookie },
    ];
    const [header = [], keyring = []] = await inTurn(contestants, options, progress);
    results.push({ store, ...ratiosTo(header, keyring), ...absolutesOf(keyring) });
  }
  return results;
}
