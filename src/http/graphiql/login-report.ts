// What a page does first to which a login returned: it reports to the page that opened it. It runs in browsers, from
// its own source text.

/** What pages of GraphiQL tell each other. */
export type PageMessage =
  | { readonly kind: 'login'; readonly id: string; readonly error: string | null }
  | { readonly kind: 'seen'; readonly id: string }
  | { readonly kind: 'changed' };

/**
 * Reports the login to the other pages of GraphiQL, and closes the window where one of them has opened it.
 * Any page can lead here: nothing is told but that something may have changed.
 */
export function reportLogin(): void {
  const parameters = new URLSearchParams(location.search);
  if (!parameters.has('login')) return;
  const channel = new BroadcastChannel(`kite-graphql ${location.pathname}`);
  const id = `${Math.random()}`;
  channel.onmessage = ({ data }: MessageEvent<PageMessage>) => {
    if (data.kind === 'seen' && data.id === id) window.close();
  };
  const message: PageMessage = { kind: 'login', id, error: parameters.get('error') };
  channel.postMessage(message);
}
