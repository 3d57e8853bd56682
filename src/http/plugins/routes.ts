// Where the gateway answers: at exact paths, below the path of its public URL or where a server mounted it.

/** What a path leads to. */
export type Route =
  | 'graphql'
  | 'login'
  | 'callback'
  | 'session'
  | 'credentials'
  | 'key-set'
  | 'console'
  | 'health'
  | 'ready'
  | 'home';

/** Finds what a path leads to; null where it is not one of the gateway's. */
export interface Routes {
  /**
   * @param pathname of the request, whole or as a proxy or server has shortened it.
   * @param mount the path at which a server mounted the gateway, as Express tells it.
   */
  find(pathname: string, mount?: string): Route | null;
  /** The path of the public URL, without a slash at its end: `/kite`, or empty. */
  readonly base: string;
}

/** Whether it is a check of the gateway itself: any host may be asked for it, and it counts for no address. */
export function isCheck(route: Route | null): boolean {
  return route === 'health' || route === 'ready';
}

const paths = new Map<string, Route>([
  ['', 'home'],
  ['/', 'home'],
  ['/graphql', 'graphql'],
  ['/graphql/', 'graphql'],
  ['/login', 'login'],
  ['/callback', 'callback'],
  ['/session', 'session'],
  ['/health', 'health'],
  ['/ready', 'ready'],
]);

/** The paths that are there only where the operator has set what they need. */
export interface OptionalRoutes {
  /** Whether backends may ask for credentials. */
  readonly relay: boolean;
  /** Whether there are public keys of session tokens. */
  readonly keySet: boolean;
  /** Whether the files of the console are served. */
  readonly console: boolean;
}

/** Knows the routes of a gateway with this public URL. */
export function createRoutes(publicUrl: URL, options: OptionalRoutes): Routes {
  const base = publicUrl.pathname.replace(/\/+$/, '');
  return {
    base,
    find(pathname, mount = '') {
      for (const prefix of new Set(['', base, mount, `${mount}${base}`])) {
        if (!pathname.startsWith(prefix)) continue;
        const path = pathname.slice(prefix.length);
        const route = paths.get(path);
        if (route !== undefined) return route;
        if (options.relay && path === '/session/credentials') return 'credentials';
        if (options.keySet && path === '/.well-known/jwks.json') return 'key-set';
        if (options.console && path.startsWith('/console/')) return 'console';
      }
      return null;
    },
  };
}

/** Where a server such as Express has mounted the gateway; empty where it is not told. */
export function mountOf(serverContext: unknown): string {
  if (typeof serverContext !== 'object' || serverContext === null) return '';
  const request = 'req' in serverContext ? serverContext.req : null;
  if (typeof request !== 'object' || request === null) return '';
  return 'baseUrl' in request && typeof request.baseUrl === 'string' ? request.baseUrl : '';
}
