// The control panel of the simulator's page: clock, faults, logins and money, by click.
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import { faultKinds } from '../faults/fault.ts';
import { kotakUsers } from '../kotak/users.ts';
import { type Html, pageHeaders } from '../page.ts';
import { startControlPanel } from './control-script.ts';

const paths = ['/user/profile', '/user/margins', '/session/token', '/session/refresh_token'];
const script = `(${startControlPanel})()`;
const digest = createHash('sha256').update(script).digest('base64');

/** The headers of a page with the panel: its own script may run, and call the simulator. */
export const controlPanelHeaders = {
  ...pageHeaders,
  'Content-Security-Policy': `${pageHeaders['Content-Security-Policy']}; script-src 'sha256-${digest}'; connect-src 'self'; form-action 'self'`,
};

/** The panel. @param kiteUsers users to suggest; a form that names a user takes any. */
export function controlPanel(kiteUsers: readonly string[]): Html {
  const userIds = [...kiteUsers, ...kotakUsers.map(({ userId }) => userId)];
  // The kinds that need no more than the form has.
  const kinds = faultKinds.filter((kind) => kind !== 'missing-fields');
  const user = (id: string) =>
    html`<label for="${id}">User</label> <input id="${id}" name="userId" list="user-ids" autocomplete="off" spellcheck="false"`;
  return html`<h2 id="control">Control</h2>
<p><output id="control-status"></output></p>
<form data-path="clock"><fieldset><legend>Clock: <span id="clock-now">running</span> in India</legend>
<p><button name="advanceSeconds" value="300">5 minutes on</button>
<button name="advanceSeconds" value="3600">An hour on</button>
<button name="six" value="1">On to six in the morning, when Kite ends every session</button></p>
</fieldset></form>
<form data-path="clock"><fieldset><legend>Set the clock</legend>
<label for="clock-set">Time in India</label> <input id="clock-set" name="now" type="datetime-local" required>
<button>Set the clock</button>
</fieldset></form>
<form data-path="faults"><fieldset><legend>Faults in force</legend>
<ul id="faults"></ul>
<p class="fields"><label for="fault-kind">Kind</label> <select id="fault-kind" name="kind">${kinds.map((kind) => html`<option>${kind}</option>`)}</select>
${user('fault-user')} placeholder="every user">
<label for="fault-path">Path</label> <input id="fault-path" name="path" list="paths" placeholder="every path">
<label for="fault-times">Times</label> <input id="fault-times" name="times" type="number" min="1" value="1" placeholder="every request">
<label for="fault-delay">Delay, ms, of the kind delay</label> <input id="fault-delay" name="delayMilliseconds" type="number" min="0" value="2000"></p>
<p><button>Add the fault</button> <button formnovalidate data-method="DELETE">Clear all faults</button></p>
</fieldset></form>
<form data-path="master-logout"><fieldset><legend>Master logout</legend>
${user('logout-user')} required>
<button>End every session of the user</button>
</fieldset></form>
<form data-path="pay-ins"><fieldset><legend>Pay-in</legend>
<p class="fields">${user('payin-user')} required>
<label for="payin-segment">Segment</label> <select id="payin-segment" name="segment"><option>equity</option><option>commodity</option></select>
<label for="payin-rupees">Rupees</label> <input id="payin-rupees" name="rupees" type="number" step="0.01" value="2500" required></p>
<p><button>Pay in</button></p>
</fieldset></form>
<form data-path="reset"><fieldset><legend>Everything</legend>
<button>Reset clock, faults, sessions and money</button> <a href="/simulator/requests">The requests so far</a>
</fieldset></form>
<datalist id="user-ids">${userIds.map((userId) => html`<option value="${userId}"></option>`)}</datalist>
<datalist id="paths">${paths.map((path) => html`<option value="${path}"></option>`)}</datalist>
<script>${raw(script)}</script>`;
}
