// A page whose hooks fail: headers that cannot be made, and an event without what its document asks for.
import { Component, createElement as h, type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from '../../../src/client/client.ts';
import {
  ClientProvider,
  useLiveMargins,
  useQuery,
  useSubscription,
} from '../../../src/client/react/react.ts';

const url = '/graphql';
const withoutHeaders = createClient({
  url,
  headers: async () => {
    throw new TypeError('The token endpoint cannot be reached');
  },
});

function Failing() {
  const { error, isLoading } = useQuery('{ apps { apiKey } }');
  const live = useSubscription('subscription { sessionsChanged { reason } }');
  return h('p', null, `${isLoading} ${error?.code} ${live.isLive} ${live.error?.code}`);
}

function Margins() {
  return h('i', null, `${useLiveMargins().accounts.size}`);
}

class Boundary extends Component<{ readonly children?: ReactNode }> {
  override state: { readonly fault: unknown } = { fault: null };
  static getDerivedStateFromError(fault: unknown) {
    return { fault };
  }
  override render() {
    const { fault } = this.state;
    if (fault === null) return this.props.children;
    const again = () => this.setState({ fault: null });
    return h('button', { type: 'button', onClick: again }, (fault as Error).name);
  }
}

createRoot(document.body).render(
  h(
    StrictMode,
    null,
    h(ClientProvider, { client: withoutHeaders }, h(Failing)),
    h(ClientProvider, { client: createClient({ url }) }, h(Boundary, null, h(Margins))),
  ),
);
