// The script of the bar above GraphiQL: who this browser is, login, logout, and the accounts that queries ask for.
// It runs in browsers, from its own source text.
import type { AccountList, AccountListOptions, ListedSession } from './account-list.ts';
import type { Editors } from './editors.ts';
import type { PageMessage } from './login-report.ts';

/** Starts the bar. It may refer to nothing but its arguments and what browsers have. Text is shown only as text. */
export function startBar(
  createEditors: () => Editors,
  createAccountList: (options: AccountListOptions) => AccountList,
  plainQuery: (query: string, hasComments: boolean) => { readonly text: string },
): void {
  interface Answer {
    readonly data?: {
      readonly sessions?: readonly ListedSession[] | null;
      readonly logout?: {
        readonly loggedOut: readonly string[];
        readonly failures: readonly { readonly error: { readonly code: string } }[];
      } | null;
    } | null;
    readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
  }

  const sessionsQuery =
    '{ sessions { state endReason expiresAt broker apiKey account { id label } user { userId userName } } }';
  const logOutMutation =
    'mutation ($ids: [ID!]) { logout(accountIds: $ids) { loggedOut failures { error { code } } } }';

  const editors = createEditors();
  const find = (id: string) => document.querySelector<HTMLElement>(`#browser-${id}`);
  const bar = document.querySelector<HTMLElement>('#browser');
  const list = find('accounts');
  const accounts =
    list === null
      ? null
      : createAccountList({ list, logOut: (id) => void logOut([id]), onChoice: () => aim(true) });
  const home = bar?.dataset.home ?? location.href;
  const isHome = new URL(home).origin === location.origin;
  const channel = new BroadcastChannel(`kite-graphql ${location.pathname}`);
  const tell = (message: PageMessage) => channel.postMessage(message);
  const send = window.fetch.bind(window);
  let refreshes = 0;
  let hasOpenedLogin = false;

  function makeButton(text: string, onclick: () => void): HTMLElement {
    const element = document.createElement('button');
    return Object.assign(element, { type: 'button', textContent: text, onclick });
  }
  function makeLink(text: string, href: string): HTMLElement {
    const element = document.createElement('a');
    return Object.assign(element, { textContent: text, href, rel: 'noopener' });
  }

  /** Says what happened, with what to do next. */
  function say(text: string, ...next: readonly Node[]): void {
    find('status')?.replaceChildren(text, ...next.flatMap((node) => [' ', node]));
  }

  async function ask(query: string, variables: unknown = {}): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ query, variables });
    const response = await send(location.pathname, { method: 'POST', headers, body });
    return response.json();
  }
  const codesOf = ({ errors = [] }: Answer) =>
    errors.map(({ extensions }) => extensions?.code ?? 'UNKNOWN');

  function show(sessions: readonly ListedSession[]): void {
    if (accounts === null) return;
    const { active, expired, isEmpty } = accounts.show(sessions);
    const count = active + expired;
    const words = [
      count === 0 ? 'This browser: no account' : `This browser: ${count}`,
      count === 0 ? '' : count === 1 ? ' account' : ' accounts',
      expired === 0 ? '' : `, ${expired} to log in again`,
    ];
    for (const id of ['head', 'toggle']) find(id)?.replaceChildren(words.join(''));
    const all = find('log-out');
    if (all !== null) all.hidden = isEmpty;
  }

  async function refresh(): Promise<void> {
    if (accounts === null || !isHome) return;
    refreshes += 1;
    const own = refreshes;
    const retry = makeButton('Try again', () => void refresh().then(() => say('')));
    try {
      const answer = await ask(sessionsQuery);
      // A later one knows more.
      if (own !== refreshes) return;
      const { sessions } = answer.data ?? {};
      if (sessions) show(sessions);
      else
        say(`The accounts of this browser cannot be read: ${codesOf(answer).join(', ')}.`, retry);
    } catch {
      say('The gateway does not answer.', retry);
    }
  }

  async function logOut(ids: readonly string[] | null): Promise<void> {
    try {
      const answer = await ask(logOutMutation, { ids });
      const { loggedOut = [], failures = [] } = answer.data?.logout ?? {};
      const codes = [...codesOf(answer), ...failures.map(({ error }) => error.code)];
      const names = loggedOut.map((id) => accounts?.nameOf(id) ?? id).join(', ');
      const done = names === '' ? '' : `Logged out: ${names}. `;
      const problem = `Not confirmed by the broker: ${codes.join(', ')}. The gateway repeats it.`;
      say(codes.length === 0 ? done : done + problem);
    } catch {
      say(
        'The gateway does not answer.',
        makeButton('Try again', () => void logOut(ids)),
      );
    }
    tell({ kind: 'changed' });
    await refresh();
  }

  /** Writes the chosen accounts into the variables of the tab in front, where it has one for them. */
  function aim(isAsked: boolean): void {
    const chosen = accounts?.chosen() ?? [];
    const { query, variables, headers } = editors.read();
    const hasMany = /\$accountIds\b/.test(query);
    const hasOne = /\$accountId\b/.test(query);
    if (!isAsked && (chosen.length === 0 || !(hasMany || hasOne))) return;
    if (!hasMany && !hasOne) {
      const open = () => void (editors.open('BrowserMargins') && aim(true));
      const text = 'This tab has no variable $accountIds or $accountId for the chosen accounts.';
      say(text, makeButton('Open BrowserMargins', open));
      return;
    }
    let values: Record<string, unknown>;
    try {
      values = JSON.parse(variables.trim() || '{}');
    } catch {
      say('The variables of this tab are not JSON: the chosen accounts are not in them.');
      return;
    }
    const { accountIds: _many, accountId: _one, ...others } = values;
    const added = {
      ...(hasMany && chosen.length > 0 && { accountIds: chosen }),
      ...(hasOne && chosen.length > 0 && { accountId: chosen[0] }),
    };
    const text = JSON.stringify({ ...others, ...added }, null, 2);
    if (text !== variables) editors.write({ variables: text });
    if (/"authorization"\s*:/i.test(headers)) {
      const remove = () => {
        editors.write({ headers: '{}' });
        aim(true);
      };
      const warning =
        'This tab sends an Authorization header, and so uses no account of this browser.';
      say(warning, makeButton('Remove the header', remove));
      return;
    }
    if (!isAsked) return;
    const names = chosen.map((id) => accounts?.nameOf(id) ?? id).join(', ');
    say(`This tab asks for ${names || 'every account'}.`);
  }

  async function afterLogin(error: string | null, isLanding: boolean): Promise<void> {
    // Any page can set the parameter in the URL: show it only if it is a code.
    const code = /^[A-Z_]{1,40}$/.test(error ?? '') ? error : null;
    await Promise.all([refresh(), editors.ready]);
    if (code !== null) return say(`The last login failed: ${code}. Follow a link to log in again.`);
    if (error !== null) return;
    say('Logged in.');
    // A subscription goes on; it shows the login itself.
    if (!isLanding || editors.isRunning()) return;
    const query = bar?.dataset.landing ?? '';
    if (!editors.open('ThisBrowser')) editors.add({ query, variables: '', headers: '{}' });
  }

  async function share(): Promise<void> {
    const { query, headers } = editors.read();
    const parameters = new URLSearchParams({ query: plainQuery(query, true).text });
    if (!/"authorization"\s*:/i.test(headers)) parameters.set('as', 'browser');
    const href = `${location.origin}${location.pathname}#${parameters}`;
    const copying = navigator.clipboard?.writeText(href).then(() => true);
    const isCopied = await copying?.catch(() => false);
    const text = `${isCopied ? 'Copied, without' : 'Without'} headers and variables:`;
    say(text, makeLink('link to this query', href));
  }

  /** Opens the query of a link in a tab of its own. It is not run. */
  function openShared(): void {
    const parameters = new URLSearchParams(location.hash.slice(1));
    const query = parameters.get('query');
    if (query === null) return;
    const isOfBrowser = parameters.get('as') === 'browser';
    editors.add({ query, variables: '', ...(isOfBrowser && { headers: '{}' }) });
    say('The query of the link has a tab of its own. Read it before you run it.');
  }

  /** Logs in in a window of its own: this page stays as it is. */
  function openLogin(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a[data-app]') : null;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!(link instanceof HTMLAnchorElement) || !isPlain || !isHome) return;
    const opened = window.open('', '_blank', 'popup,width=520,height=720');
    // Without it, the link opens a tab.
    if (opened === null) return;
    event.preventDefault();
    opened.opener = null;
    opened.location.href = link.href;
    hasOpenedLogin = true;
  }

  window.fetch = async (input, init) => {
    const response = await send(input, init);
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    if (typeof init?.body === 'string' && /\bmutation\b/.test(init.body)) void refresh();
    else if (isJson) {
      const hasExpired = (text: string) => text.includes('"SESSION_EXPIRED"');
      void response
        .clone()
        .text()
        .then((text) => (hasExpired(text) ? refresh() : undefined));
    }
    return response;
  };
  channel.onmessage = ({ data }: MessageEvent<PageMessage>) => {
    if (data.kind === 'changed') void refresh();
    if (data.kind !== 'login') return;
    if (hasOpenedLogin) tell({ kind: 'seen', id: data.id });
    void afterLogin(data.error, hasOpenedLogin);
    hasOpenedLogin = false;
  };
  bar?.addEventListener('click', openLogin);
  find('log-out')?.addEventListener('click', () => void logOut(null));
  find('share')?.addEventListener('click', () => void share());
  find('toggle')?.addEventListener('click', () => {
    const isOpen = bar?.classList.toggle('open') ?? false;
    find('toggle')?.setAttribute('aria-expanded', `${isOpen}`);
  });
  document.addEventListener('visibilitychange', () => void (document.hidden || refresh()));
  window.addEventListener('hashchange', openShared);
  void editors.ready.then(() => {
    editors.onQuery(() => aim(false));
    openShared();
  });
  if (accounts !== null && !isHome) {
    say('Logins do not reach this address.', makeLink(`Open ${home}`, home));
  }
  const parameters = new URLSearchParams(location.search);
  const isReturn = parameters.has('login') || parameters.has('error');
  void (isReturn ? afterLogin(parameters.get('error'), true) : refresh());
}
