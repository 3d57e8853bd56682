// The list of the accounts of this browser, for the script of the bar. It runs in browsers, from its own source text.

/** One session, as the bar asks for it. */
export interface ListedSession {
  readonly state: 'ACTIVE' | 'EXPIRED' | 'REVOKING' | 'REVOKED';
  readonly endReason: string | null;
  readonly expiresAt: string | null;
  readonly broker: string;
  readonly apiKey: string;
  readonly account: { readonly id: string; readonly label: string | null };
  readonly user: { readonly userId: string; readonly userName: string | null } | null;
}

/** What the list is made of. */
export interface AccountListOptions {
  readonly list: HTMLElement;
  readonly logOut: (accountId: string) => void;
  /** Called when other accounts are chosen. */
  readonly onChoice: () => void;
}

/** The list. */
export interface AccountList {
  /** Shows the newest session of each account. @returns how many accounts there are, and how many of them expired. */
  show(sessions: readonly ListedSession[]): { active: number; expired: number; isEmpty: boolean };
  /** The ids of the chosen accounts, in the order in which they were chosen. */
  chosen(): readonly string[];
  /** What people call an account. */
  nameOf(accountId: string): string;
}

/** Makes the list. It may refer to nothing but its argument and what browsers have. Text is shown only as text. */
export function createAccountList({ list, logOut, onChoice }: AccountListOptions): AccountList {
  const endings: Readonly<Record<string, string>> = {
    LOGGED_OUT: 'logged out',
    REVOKED_ELSEWHERE: 'ended from another browser',
    REFUSED_BY_BROKER: 'expired',
    REPLACED: 'replaced by a later login',
    TOO_MANY: 'ended: too many sessions',
    IDLE: 'ended: not used for days',
  };
  let chosen: readonly string[] = [];
  let names: ReadonlyMap<string, string> = new Map();

  const nameOf = ({ account, user }: ListedSession) =>
    account.label ?? user?.userName ?? user?.userId ?? 'Unknown user';
  const canBeRead = ({ state }: ListedSession) => state === 'ACTIVE' || state === 'EXPIRED';

  function make(name: string, text: string): HTMLElement {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  }

  function stateOf({ state, endReason, expiresAt }: ListedSession): string {
    if (state === 'ACTIVE') return `active${expiresAt ? ` until ${expiresAt.slice(11, 16)}` : ''}`;
    if (state === 'REVOKING') return 'logging out';
    return endings[endReason ?? ''] ?? (state === 'EXPIRED' ? 'expired' : 'logged out');
  }

  function descriptionOf(session: ListedSession): HTMLElement {
    const { account, user, broker } = session;
    const brokerName = `${broker.slice(0, 1)}${broker.slice(1).toLowerCase()}`;
    const about = [account.label && user?.userName, user?.userId, brokerName].filter(Boolean);
    const description = document.createElement(canBeRead(session) ? 'label' : 'span');
    if (canBeRead(session)) {
      const box = document.createElement('input');
      Object.assign(box, { type: 'checkbox', checked: chosen.includes(account.id) });
      box.onchange = () => {
        const others = chosen.filter((id) => id !== account.id);
        chosen = box.checked ? [...others, account.id] : others;
        onChoice();
      };
      description.append(box, ' ');
    }
    description.append(make('strong', nameOf(session)), ` ${about.join(' · ')} `);
    description.append(make('em', stateOf(session)));
    return description;
  }

  function itemOf(session: ListedSession): HTMLElement {
    const { account, state, apiKey } = session;
    const item = document.createElement('li');
    item.dataset.account = account.id;
    item.append(descriptionOf(session));
    const logins = document.querySelectorAll<HTMLAnchorElement>('#login a');
    const login = [...logins].find(({ dataset }) => dataset.app === apiKey);
    if ((state === 'EXPIRED' || state === 'REVOKED') && login !== undefined) {
      const again = login.cloneNode();
      if (again instanceof HTMLAnchorElement) {
        again.textContent = 'Log in again';
        again.ariaLabel = `Log in again: ${nameOf(session)}`;
        item.append(again);
      }
    }
    if (state !== 'REVOKED') {
      const button = make('button', 'Log out');
      button.ariaLabel = `Log out ${nameOf(session)}`;
      button.onclick = () => logOut(account.id);
      item.append(button);
    }
    return item;
  }

  /** Keeps the focus of the keyboard at the account that had it, or near it. */
  function changeKeepingFocus(change: () => void): void {
    const focused = document.activeElement;
    const had = list.contains(focused) ? focused?.closest('li')?.dataset.account : undefined;
    change();
    if (focused === null || had === undefined) return;
    const items = [...list.querySelectorAll('li')];
    const item = items.find(({ dataset }) => dataset.account === had);
    const place =
      item?.querySelector<HTMLElement>(focused.tagName) ??
      item?.querySelector<HTMLElement>('a, button') ??
      document.querySelector<HTMLElement>('#login a');
    place?.focus();
  }

  return {
    show(sessions) {
      // They come newest first.
      const ids = sessions.map(({ account }) => account.id);
      const latest = sessions.filter(({ account }, index) => ids.indexOf(account.id) === index);
      const readable = latest.filter(canBeRead).map(({ account }) => account.id);
      chosen = chosen.filter((id) => readable.includes(id));
      names = new Map(latest.map((session) => [session.account.id, nameOf(session)]));
      changeKeepingFocus(() => list.replaceChildren(...latest.map(itemOf)));
      return {
        active: latest.filter(({ state }) => state === 'ACTIVE').length,
        expired: latest.filter(({ state }) => state === 'EXPIRED').length,
        isEmpty: latest.every(({ state }) => state === 'REVOKED'),
      };
    },
    chosen: () => chosen,
    nameOf: (accountId) => names.get(accountId) ?? accountId,
  };
}
