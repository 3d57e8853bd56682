// GraphiQL's tabs and editors, for the script of its page. It runs in browsers, from its own source text.

interface TextModel {
  readonly uri: { readonly path: string };
  getValue(): string;
  setValue(text: string): void;
  onDidChangeContent(listener: () => void): unknown;
}

declare global {
  interface Window {
    /** GraphiQL's editor, which the page makes global. */
    readonly monaco?: { readonly editor: { getModels(): readonly TextModel[] } };
  }
}

/** The texts of one tab. */
export interface TabTexts {
  readonly query: string;
  readonly variables: string;
  readonly headers: string;
}

/** The tabs and the editors. */
export interface Editors {
  /** Resolves once the page can be used. */
  readonly ready: Promise<void>;
  /** The texts of the tab in front. */
  read(): TabTexts;
  /** Replaces texts of the tab in front. */
  write(texts: Partial<TabTexts>): void;
  /** Brings the tab with this name to the front; false if it is closed. */
  open(name: string): boolean;
  /** Adds a tab and brings it to the front. Texts that are left out are those of every new tab. */
  add(texts: Partial<TabTexts>): void;
  /** Whether the tab in front is waiting for an answer or following a subscription. */
  isRunning(): boolean;
  /** Calls back after the query in front has become another one, by typing or with another tab. */
  onQuery(listener: () => void): void;
}

/** Finds the tabs and the editors. It may refer to nothing but what browsers have. */
export function createEditors(): Editors {
  const files = {
    query: 'operation.graphql',
    variables: 'variables.json',
    headers: 'request-headers.json',
  } as const;
  const modelOf = (part: keyof TabTexts) =>
    window.monaco?.editor.getModels().find(({ uri }) => uri.path.endsWith(files[part]));
  const textOf = (part: keyof TabTexts) => modelOf(part)?.getValue() ?? '';
  const runButton = () => document.querySelector('.graphiql-execute-button');

  const ready = new Promise<void>((resolve) => {
    const observer = new MutationObserver(() => {
      if (runButton() === null || !modelOf('query') || !modelOf('headers')) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(document, { childList: true, subtree: true });
  });

  function write(texts: Partial<TabTexts>): void {
    for (const part of ['query', 'variables', 'headers'] as const) {
      const text = texts[part];
      if (text !== undefined) modelOf(part)?.setValue(text);
    }
  }

  return {
    ready,
    read: () => ({
      query: textOf('query'),
      variables: textOf('variables'),
      headers: textOf('headers'),
    }),
    write,
    open(name) {
      const buttons = document.querySelectorAll<HTMLElement>('.graphiql-tab-button');
      const button = [...buttons].find(({ textContent }) => textContent === name);
      button?.click();
      button?.scrollIntoView({ block: 'nearest', inline: 'center' });
      return button !== undefined;
    },
    add(texts) {
      document.querySelector<HTMLElement>('.graphiql-tab-add')?.click();
      write(texts);
    },
    isRunning: () => /stop/i.test(runButton()?.getAttribute('aria-label') ?? ''),
    onQuery(listener) {
      // A tab that comes to the front sets its variables after its query.
      modelOf('query')?.onDidChangeContent(() => queueMicrotask(listener));
    },
  };
}
