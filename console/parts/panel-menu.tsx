// The menu of a panel: what it asks, to copy or to open in GraphiQL, and its figures as CSV.
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { saveFile } from '../format/csv.ts';
import { asCurl, asFetch, asGraphql, graphiqlLink, type Snippet } from '../format/snippets.ts';
import { useConsole } from './context.ts';
import { copyText } from './copy-button.tsx';

interface PanelMenuProps {
  /** What the panel is called. */
  readonly title: string;
  readonly snippet: Snippet;
  /** Makes the figures of the panel as CSV; left out where it has none. */
  readonly csv?: (() => string) | undefined;
}

/** The menu, behind a button. */
export function PanelMenu({ title, snippet, csv }: PanelMenuProps) {
  const { place, notify } = useBound();
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  // Before the next key: a quick Escape would find the focus at the button still, and lose it to the hidden list.
  useLayoutEffect(() => {
    if (!isOpen) return;
    root.current?.querySelector<HTMLElement>('.menu-list :is(a, button)')?.focus();
    const close = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    addEventListener('pointerdown', close);
    addEventListener('focusin', close);
    return () => {
      removeEventListener('pointerdown', close);
      removeEventListener('focusin', close);
    };
  }, [isOpen]);

  const url = new URL(place.graphql, location.href).href;
  const done = () => {
    setOpen(false);
    button.current?.focus();
  };
  const copy = async (what: string, text: string) => {
    const isCopied = await copyText(text);
    notify(isCopied ? `Copied as ${what}.` : 'The browser does not allow this page to copy.');
    done();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && isOpen) {
      event.stopPropagation();
      return done();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || !isOpen) return;
    event.preventDefault();
    const items = [
      ...(root.current?.querySelectorAll<HTMLElement>('.menu-list :is(a, button)') ?? []),
    ];
    const focused = document.activeElement;
    const at = focused instanceof HTMLElement ? items.indexOf(focused) : -1;
    items.at((at + step) % items.length)?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it hears the keys of the buttons in it.
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        class="icon"
        aria-label={`Menu of ${title}`}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="3" cy="8" r="1.5" />
          <circle cx="8" cy="8" r="1.5" />
          <circle cx="13" cy="8" r="1.5" />
        </svg>
      </button>
      <ul id={id} class="menu-list" hidden={!isOpen}>
        <Item onClick={() => copy('GraphQL', asGraphql(snippet))}>Copy as GraphQL</Item>
        <Item onClick={() => copy('fetch', asFetch(snippet, url))}>Copy as fetch</Item>
        <Item onClick={() => copy('curl', asCurl(snippet, url))}>Copy as curl</Item>
        {place.hasGraphiql && (
          <li>
            <a href={graphiqlLink(snippet, place.graphql)} target="_blank" rel="noopener">
              Open in GraphiQL
            </a>
          </li>
        )}
        {csv && (
          <Item
            onClick={() => {
              saveFile(`${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.csv`, csv());
              done();
            }}
          >
            Download CSV
          </Item>
        )}
      </ul>
    </div>
  );
}

function useBound() {
  const console = useConsole();
  const notify = (text: string) => console.notify({ text, tone: 'plain' });
  return { place: console.place, notify };
}

function Item({
  onClick,
  children,
}: {
  readonly onClick: () => unknown;
  readonly children: string;
}) {
  return (
    <li>
      <button type="button" onClick={() => void onClick()}>
        {children}
      </button>
    </li>
  );
}
