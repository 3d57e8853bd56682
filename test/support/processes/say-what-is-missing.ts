// Runs once, before all tests: says what this machine lacks, and so which tests are skipped.
import { chromiumPath } from '../browser/browser.ts';
import { caddyPath } from '../servers/caddy.ts';
import { nginxPath } from '../servers/nginx.ts';
import { hasRedis } from '../servers/redis-server.ts';
import { isCi } from './environment.ts';

const missing = [
  ...(hasRedis() ? [] : ['redis-server']),
  ...(chromiumPath === null ? ['chromium'] : []),
  ...(nginxPath === null ? ['nginx'] : []),
  ...(caddyPath === null ? ['caddy'] : []),
];

/** Writes a line for each program that is missing. */
export function setup(): void {
  for (const name of missing) {
    const what = isCi ? 'fail, because CI=true' : 'are skipped';
    process.stdout.write(`There is no ${name} on this machine: the tests that need it ${what}.\n`);
  }
}
