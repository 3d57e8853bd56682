// The page at the simulator's root: what this is, and what can be done with it.
import { html } from 'hono/html';
import { controlPanel } from './control/control-panel.ts';
import { firstUserIds, nameOf } from './kite/users.ts';
import type { Settings } from './options.ts';
import { type Html, page } from './page.ts';

const shown = 20;

/**
 * The index page. Secrets are not on it: the apps may not be the default ones.
 * @param origin The simulator's own address, such as `http://127.0.0.1:4010`, for the examples.
 */
export function indexPage(settings: Settings, origin: string): Html {
  const apps = [...settings.apps.values()];
  const firstKey = apps[0]?.apiKey ?? 'simulator';
  const users = firstUserIds(settings.accounts, shown);
  const curl = (method: string, path: string, body?: object) =>
    body === undefined
      ? `curl -X ${method} ${origin}${path}`
      : `curl -X ${method} ${origin}${path} --json '${JSON.stringify(body)}'`;
  const examples = [
    curl('GET', '/simulator/clock'),
    curl('POST', '/simulator/clock', { advanceSeconds: 300 }),
    curl('POST', '/simulator/clock', { now: '2026-01-05T10:00:00+05:30' }),
    curl('POST', '/simulator/faults', { kind: 'hang', userId: users[0], times: 1 }),
    curl('GET', '/simulator/faults'),
    curl('DELETE', '/simulator/faults'),
    curl('GET', '/simulator/requests'),
    curl('DELETE', '/simulator/requests'),
    curl('POST', '/simulator/pay-ins', { userId: users[0], segment: 'equity', rupees: 2500.5 }),
    curl('POST', '/simulator/master-logout', { userId: users[0] }),
    curl('POST', '/simulator/reset'),
  ];

  return page(
    'Simulated Kite',
    html`<h1>Simulated Kite</h1>
<p>A local simulator of the user API of Kite Connect v3, with the same answers and failures, and ${settings.accounts} invented users. No data is real, and no request leaves this machine.</p>
<p>The same process also simulates <a href="/kotak">Kotak</a>, a second broker.</p>
<h2>Log in</h2>
<table>
<thead><tr><th>App</th><th><code>api_key</code></th><th>Redirect URL</th></tr></thead>
<tbody>
${apps.map(
  (
    app,
  ) => html`<tr><td><a href="/connect/login?v=3&amp;api_key=${encodeURIComponent(app.apiKey)}">${app.name}</a></td><td><code>${app.apiKey}</code></td><td><code>${app.redirectUrl}</code></td></tr>
`,
)}</tbody>
</table>
<p class="note">The secret of a default app is its key followed by <code>-secret</code>. A gateway keeps only sessions of logins that begin at its own <code>/login</code>; after another one, its page leads there.</p>
<h2>Users and fixed tokens</h2>
<p>A fixed token is valid under every app, without a login, until 06:00 in India or a logout; a reset renews it.</p>
<pre>curl ${origin}/user/profile -H 'Authorization: token ${firstKey}:${users[0]}-token'</pre>
<table>
<thead><tr><th>User</th><th>Name</th><th>Access token</th></tr></thead>
<tbody>
${users.map((userId, index) => {
  const { given, family } = nameOf(index + 1, settings.seed);
  return html`<tr><td><code>${userId}</code></td><td>${given} ${family}</td><td><code>${userId}-token</code></td></tr>
`;
})}</tbody>
</table>
${settings.accounts > shown ? html`<p class="note">The first ${shown} of ${settings.accounts}.</p>` : ''}
${controlPanel(users)}
<details><summary>The same from a shell</summary>
<pre>${examples.join('\n')}</pre>
</details>`,
  );
}
