// A page with every hook, in StrictMode: a test bundles it and opens it in a browser.
import { createElement as h, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient, takeLoginError } from '../../../src/client/client.ts';
import {
  ClientProvider,
  useAccounts,
  useClient,
  useLiveMargins,
  useQuery,
  useSessions,
  useSubscription,
} from '../../../src/client/react/react.ts';

// The bundler writes the gateway's address here.
declare const gatewayUrl: string;

const client = createClient({ url: gatewayUrl });
const names =
  'query PageNames($ids: [ID!]) { accounts(ids: $ids) { id ... @defer { user { userName email } } } }';
const live = 'subscription PageLive { sessionsChanged { reason } }';

function Sessions({ id }: { readonly id: string }) {
  const { sessions, isLive, error, refetch } = useSessions();
  const text = sessions?.map(({ user, state }) => `${user?.userId} ${state}`).join(', ');
  return h(
    'section',
    { id },
    h('p', null, text ?? 'no sessions'),
    h('i', null, isLive ? 'live' : 'not live'),
    h('b', null, error?.code),
    h('button', { type: 'button', onClick: refetch }, 'Read again'),
  );
}

function Margins({ id }: { readonly id: string }) {
  const { accounts, isLive } = useLiveMargins({ everySeconds: 1 });
  const nets = [...accounts.values()].map(
    ({ equity, error }) => `${equity?.net} ${error?.code ?? 'OK'}`,
  );
  return h('section', { id }, h('p', null, nets.toSorted().join(', ')), h('i', null, `${isLive}`));
}

function Accounts() {
  const client = useClient();
  const { accounts } = useAccounts();
  const [count, setCount] = useState(1);
  const ids = accounts?.slice(0, count).map(({ id }) => id) ?? [];
  const query = useQuery<{ accounts: { user?: { userName: string } | null }[] }>(
    names,
    { ids },
    { parts: true, skip: ids.length === 0 },
  );
  const news = useSubscription<{ sessionsChanged: { reason: string } }>(live);
  const logOut = (id: string) =>
    client.mutate('mutation Out($ids: [ID!]) { logout(accountIds: $ids) { loggedOut } }', {
      ids: [id],
    });
  return h(
    'section',
    { id: 'accounts' },
    h('p', null, query.data?.accounts.map(({ user }) => user?.userName ?? '?').join(', ')),
    h('i', null, query.isLoading ? 'loading' : 'loaded'),
    h('b', null, query.error?.code),
    h('u', null, news.data?.sessionsChanged.reason),
    h('button', { type: 'button', onClick: () => setCount(2) }, 'Two accounts'),
    h('button', { type: 'button', onClick: query.refetch }, 'Read again'),
    accounts?.map(({ id, user }) =>
      h(
        'button',
        { type: 'button', key: id, onClick: () => logOut(id) },
        `Log out ${user?.userId}`,
      ),
    ),
  );
}

function Page() {
  const [isShown, setShown] = useState(true);
  return h(
    'main',
    null,
    h('button', { type: 'button', onClick: () => setShown(!isShown) }, 'Show or hide'),
    h('button', { type: 'button', onClick: () => client.login({ app: 'simulator' }) }, 'Log in'),
    h('output', null, failure),
    isShown && [
      h(Sessions, { key: 1, id: 'one' }),
      h(Sessions, { key: 2, id: 'two' }),
      h(Margins, { key: 3, id: 'margins' }),
      h(Margins, { key: 4, id: 'same-margins' }),
      h(Accounts, { key: 5 }),
    ],
  );
}

const failure = takeLoginError();
createRoot(document.body).render(h(StrictMode, null, h(ClientProvider, { client }, h(Page))));
