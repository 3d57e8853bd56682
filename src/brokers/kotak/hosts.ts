// The hosts of Kotak that this gateway may call, and which of them serves whom.
import type { Limits } from '../../limits.ts';

/** The hosts. */
export class KotakHosts {
  /** In the order in which they are tried. */
  readonly all: readonly [URL, ...URL[]];
  /** The redirects that are followed from one host. */
  readonly maxRedirects: number;
  readonly #max: number;
  readonly #known = new Map<string, URL>();

  /**
   * @param all the base URLs that the operator allows.
   * @param limits of redirects, and of users whose host is remembered: the oldest is evicted.
   */
  constructor(
    all: readonly [URL, ...URL[]],
    { hostRedirects, knownHosts }: Pick<Limits, 'hostRedirects' | 'knownHosts'>,
  ) {
    this.all = all;
    this.maxRedirects = hostRedirects;
    this.#max = knownHosts;
  }

  /**
   * The allowed host that an address names: a base URL, an origin or a host name, alone or in a sentence; null for any
   * other, and where it could be several.
   */
  find(address: string): URL | null {
    const words = address.split(/[\s,;"'<>]+/).map((word) => word.replace(/[./]+$/, ''));
    const same = (name: (url: URL) => string) =>
      this.all.filter((url) => words.includes(name(url)));
    for (const name of [hrefOf, (url: URL) => url.origin, (url: URL) => url.host]) {
      const [found, another] = same(name);
      if (found !== undefined) return another === undefined ? found : null;
    }
    return null;
  }

  /** The host that serves a user; null where that is not known. */
  of(apiKey: string, userId: string): URL | null {
    return this.#known.get(`${apiKey} ${userId}`) ?? null;
  }

  /** Remembers that a host serves a user. */
  remember(apiKey: string, userId: string, host: URL): void {
    const key = `${apiKey} ${userId}`;
    this.#known.delete(key);
    this.#known.set(key, host);
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#max && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** A base URL without the slash at its end. */
export function hrefOf(url: URL): string {
  return url.href.replace(/\/+$/, '');
}

const usual = [
  'https://tradeapi.kotaksecurities.com/apim',
  'https://ctradeapi.kotaksecurities.com/apim',
] as const;

/** The base URLs that an operator allows; by default both of Kotak's own. @throws TypeError for an invalid URL. */
export function kotakBaseUrls(given: readonly (string | URL)[] = []): readonly [URL, ...URL[]] {
  const [first = usual[0], ...others] = given.length > 0 ? given : usual;
  return [new URL(first), ...others.map((url) => new URL(url))];
}
