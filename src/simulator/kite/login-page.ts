// The login page: who logs in, and whether they approve.
import { html } from 'hono/html';
import type { SettledApp } from '../options.ts';
import { type Html, page } from '../page.ts';
import { firstUserIds, nameOf, userNumberOf } from './users.ts';

/** What the login page is made of. */
export interface LoginForm {
  /** The app that asks. */
  readonly app: SettledApp;
  /** What came as `redirect_params`, to be carried through the form as it is. */
  readonly redirectParams: string;
  /** How many users there are. */
  readonly accounts: number;
  /** What their names are drawn from. */
  readonly seed: number;
  /** What was wrong with the form as last sent; null at first. */
  readonly error: string | null;
}

// A page with ten thousand buttons is too long: it shows the first users and has a field for the others.
const shown = 20;
const suggested = 500;

/** The page on which a user is picked, and approves or cancels. */
export function loginPage(form: LoginForm): Html {
  const { app, accounts, seed } = form;
  const users = firstUserIds(accounts, shown).map((userId, index) => {
    const { given, family } = nameOf(userNumberOf(userId, accounts) ?? 1, seed);
    return html`<label><input type="radio" name="user_id" value="${userId}" ${index === 0 ? 'checked' : ''}> <span><code>${userId}</code> ${given} ${family}</span></label>
`;
  });
  // The text field has the radio buttons' name and comes after them: what is typed counts.
  const field = html`<p><label for="other-user">Or any other of the ${accounts} users, by id</label><br>
<input type="text" id="other-user" name="user_id" list="user-ids" placeholder="SIM0001" autocomplete="off" spellcheck="false"></p>
<datalist id="user-ids">${firstUserIds(accounts, suggested).map((userId) => html`<option value="${userId}"></option>`)}</datalist>`;

  return page(
    `Log in to ${app.name}`,
    html`<h1>Log in to ${app.name}</h1>
<p class="note">A simulated Kite: no broker, no money, no password. Select a user.</p>
${form.error === null ? '' : html`<p class="error" role="alert">${form.error}</p>`}
<form method="post" action="/connect/login">
<input type="hidden" name="api_key" value="${app.apiKey}">
<input type="hidden" name="redirect_params" value="${form.redirectParams}">
<fieldset>
<legend>User</legend>
<div class="users">
${users}</div>
${accounts > shown ? field : ''}
</fieldset>
<p><button class="main" id="approve" type="submit" name="decision" value="approve">Approve</button>
<button id="cancel" type="submit" name="decision" value="cancel">Cancel</button></p>
<p class="note">You will be sent to <code>${app.redirectUrl}</code>.</p>
</form>`,
  );
}

/** The page for an api_key that no app has. */
export function unknownAppPage(): Html {
  return page(
    'Unknown app',
    html`<h1>Unknown app</h1>
<p class="error" role="alert">No app has this <code>api_key</code>. The URL of a login is <code>/connect/login?v=3&amp;api_key=…</code></p>
<p><a href="/">The apps of this simulator</a></p>`,
  );
}
