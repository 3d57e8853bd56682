// The lines that the command prints when it listens: what runs where, what to register, and what may surprise.
import { kotakBaseUrls } from '../brokers/kotak/hosts.ts';
import type { Config } from '../config/settings.ts';
import { simulatedAuthorization } from './gateway-options.ts';

/** Where it listens. */
export interface Listening {
  /** The gateway's address on this machine. */
  readonly url: string;
  /** Where metrics are answered; null where they are not. */
  readonly metricsUrl: string | null;
  /** The simulator's address; null with a real upstream. */
  readonly simulatorUrl: string | null;
}

/** The lines that the command prints at start. */
export function greeting(config: Config, { url, metricsUrl, simulatorUrl }: Listening): string {
  const { graphiql, notices, trustedDocuments, hasPublicUrl } = config;
  const home = config.publicUrl.replace(/\/+$/, '');
  const query =
    '{ accounts { id user { userName } margins { equity { net } commodity { net } } } }';
  const [documentId] = Object.keys(trustedDocuments ?? {});
  // With a list of documents no other one is executed.
  const body = documentId === undefined ? { query } : { documentId };
  const lines: string[] = [];
  const say = (name: string, text: string) => lines.push(`  ${name.padEnd(10)} ${text}`);

  const address = `${hasPublicUrl ? home : url}/graphql`;
  say('GraphQL', `${address}${graphiql ? '   open it in a browser for GraphiQL' : ''}`);
  if (config.console) say('Console', `${home}/   the accounts of your browser`);
  if (hasPublicUrl) say('Listening', url);
  if (simulatorUrl === null) {
    for (const [name, upstream] of upstreamsOf(config)) say(name, upstream);
    const kiteApps = config.apps.filter(({ broker }) => broker !== 'KOTAK').length;
    const which = kiteApps === 1 ? 'the app' : 'each app';
    if (kiteApps > 0) {
      say('Redirect', `${home}/callback   register it at Kite as the redirect URL of ${which}`);
    }
  } else {
    const safe = 'no account needed, no request leaves this machine';
    say('Kite', `simulated at ${simulatorUrl}: ${safe}`);
    say('', `log in at ${home}/login?app=simulator`);
    say('Kotak', `simulated at ${simulatorUrl}/kotak, with passwords and access codes`);
    say('', `log in at ${home}/login?app=simulator-kotak`);
  }
  if (metricsUrl !== null) say('Metrics', metricsUrl);
  for (const notice of notices) say('Note', notice);
  return [
    '',
    ...lines,
    '',
    '  Try it:',
    `  curl ${url}/graphql \\`,
    "    -H 'Content-Type: application/json' \\",
    `    -H 'Authorization: ${simulatedAuthorization(config) ?? 'token <api_key>:<access_token>'}' \\`,
    `    -d '${JSON.stringify(body)}'`,
    '',
    '  Ctrl-C stops it.',
    '',
  ].join('\n');
}

/** The brokers with apps, and Kite where no app is configured; each with its name and its first address. */
function upstreamsOf(config: Config): readonly (readonly [name: string, address: string])[] {
  const kite = ['Kite', config.kiteBaseUrl ?? 'https://api.kite.trade'] as const;
  const kotak = ['Kotak', kotakBaseUrls(config.kotakBaseUrls)[0].href] as const;
  const ofKotak = config.apps.filter(({ broker }) => broker === 'KOTAK').length;
  if (ofKotak === 0) return [kite];
  return ofKotak === config.apps.length ? [kotak] : [kite, kotak];
}
