// The control page of the simulated Kotak: its users, and the messages with their access codes.
import { html } from 'hono/html';
import { type Html, page } from '../page.ts';
import { baseOf } from './call.ts';
import type { Kotak } from './kotak.ts';
import { hosts, kotakApp, kotakUsers, standingSession } from './users.ts';

/** The page. @param origin the simulator's own address. */
export function kotakPage(kotak: Kotak, origin: string): Html {
  const [first] = kotakUsers;
  const userId = first?.userId ?? '';
  return page(
    'Simulated Kotak',
    html`<h1>Simulated Kotak</h1>
<p>The session API of Kotak Securities as its Python client documents it, with three invented users. The broker has since replaced this API by another.</p>
<p>Hosts: ${hosts.map((host) => html`<code>${baseOf(origin, host)}</code> `)}</p>
<p>App: <code>${kotakApp.consumerKey}</code>. <span class="note">Its secret is the key followed by <code>-secret</code>, its access token the key followed by <code>-app-token</code>.</span></p>
<h2>Users</h2>
<table>
<thead><tr><th>User</th><th>Name</th><th>Password</th><th>Second step</th><th>State</th></tr></thead>
<tbody>
${kotakUsers.map(
  (
    user,
  ) => html`<tr><td><code>${user.userId}</code></td><td>${user.name}</td><td><code>${user.password}</code></td><td>${user.waivesCode ? 'no code' : 'access code'}</td><td>${kotak.isLocked(user) ? 'locked' : user.userType === 'V' ? 'view only' : user.triesBeforeLock === null ? 'active' : `locked after ${user.triesBeforeLock} wrong tries`}</td></tr>
`,
)}</tbody>
</table>
<p>A session that needs no login, until midnight in India or a logout:</p>
<pre>curl ${baseOf(origin, hosts[0])}/margin/1.0/margin -H 'Authorization: Bearer ${kotakApp.accessToken}' -H 'consumerKey: ${kotakApp.consumerKey}' -H 'sessionToken: ${standingSession(userId)}'</pre>
<h2>Messages</h2>
<p>Access codes, as users get them by SMS after a correct password. Reload the page to see new ones.</p>
<table>
<thead><tr><th>User</th><th>To</th><th>Access code</th></tr></thead>
<tbody>
${kotak.messages.toReversed().map(
  ({
    userId,
    to,
    accessCode,
  }) => html`<tr><td><code>${userId}</code></td><td>${to}</td><td><code>${accessCode}</code></td></tr>
`,
)}</tbody>
</table>
<h2>Control</h2>
<pre>curl -X GET ${origin}/simulator/kotak/messages
curl -X POST ${origin}/simulator/kotak/unlock --json '{"userId":"${kotakUsers[1]?.userId}"}'</pre>
<p><a href="/">The simulated Kite, and the controls of both</a></p>`,
  );
}
