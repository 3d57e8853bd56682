// Which brokers a gateway without a simulator calls, and where, as the greeting says it.
import { kotakBaseUrls } from '../brokers/kotak/hosts.ts';
import type { Config } from '../config/settings.ts';

/** The brokers with apps, and Kite where no app is configured; each with its name and its first address. */
export function upstreamsOf(
  config: Pick<Config, 'apps' | 'kiteBaseUrl' | 'kotakBaseUrls'>,
): readonly (readonly [name: string, address: string])[] {
  const kite = ['Kite', config.kiteBaseUrl ?? 'https://api.kite.trade'] as const;
  const kotak = ['Kotak', kotakBaseUrls(config.kotakBaseUrls)[0].href] as const;
  const ofKotak = config.apps.filter(({ broker }) => broker === 'KOTAK').length;
  if (ofKotak === 0) return [kite];
  return ofKotak === config.apps.length ? [kotak] : [kite, kotak];
}
