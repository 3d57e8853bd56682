// What the history of GraphiQL keeps of an operation. It runs in browsers, from its own source text.

/** An operation, as GraphiQL hands it to its history. */
export interface KeptOperation {
  readonly query?: string | undefined;
  readonly variables?: string | undefined;
  readonly headers?: string | undefined;
  readonly operationName?: string | undefined;
}

/** The history, as the script of GraphiQL uses it. */
export interface OperationHistory {
  /** What may be kept of an operation that was run. */
  keep(operation: KeptOperation): KeptOperation;
  /** Sets the headers for an operation of the history, and shows the editors. */
  restore(editor: { getValue(): string; setValue(text: string): void }, headers?: string): void;
}

/**
 * Makes the history. No header is kept, only that there was no Authorization header, because the gateway then uses
 * the cookie. No comment is kept, and of what may log in neither values nor variables. Of other operations those
 * variables are kept whose declared type holds an id, a number or a Boolean.
 * It may refer to nothing but its arguments and what browsers have.
 * @param plainQuery takes out of a query what may be a secret.
 */
export function createHistory(
  defaultHeaders: string,
  plainQuery: (
    query: string,
    hasComments: boolean,
  ) => { readonly text: string; readonly mayLogIn: boolean },
): OperationHistory {
  const hasCredentials = (headers: string) => /"authorization"\s*:/i.test(headers);

  function keptVariables(query: string, variables: string): string {
    const declared = query.matchAll(/\$(\w+)\s*:[\s[]*(?:ID|Int|Float|Boolean)\b/g);
    const names = new Set([...declared].map(([, name]) => name));
    try {
      const entries = Object.entries(JSON.parse(variables)).filter(([name]) => names.has(name));
      return entries.length === 0 ? '' : JSON.stringify(Object.fromEntries(entries), null, 2);
    } catch {
      return '';
    }
  }

  return {
    keep({ query = '', variables = '', headers = '', operationName }) {
      const plain = plainQuery(query, false);
      const text = plain.text.replace(/[ \t]+$/gm, '').trimStart();
      return {
        query: text,
        variables: plain.mayLogIn ? '' : keptVariables(text, variables),
        operationName,
        ...(!hasCredentials(headers) && { headers: '{}' }),
      };
    },
    restore(editor, headers) {
      if (headers !== undefined) editor.setValue(headers);
      else if (!hasCredentials(editor.getValue())) editor.setValue(defaultHeaders);
      // On a phone the panel lies above the editors.
      const panel = document.querySelector<HTMLElement>('.graphiql-plugin');
      if (panel === null || getComputedStyle(panel).position !== 'absolute') return;
      document.querySelector<HTMLElement>('.graphiql-sidebar [aria-label="Hide History"]')?.click();
    },
  };
}
