// The history of GraphiQL: its own panel, which the bundle of the page leaves out, made to keep no credentials.
import type { OperationHistory } from './history-script.ts';

declare global {
  interface Window {
    /** What the script of GraphiQL asks about its history. */
    gatewayHistory?: OperationHistory;
  }
}

/**
 * The places in GraphiQL's own script that the history needs: the list of panels, which lacks it; the entry to its
 * store, which would keep headers and variables; and the way back into the editors, which would empty the headers.
 */
const places: readonly (readonly [
  pattern: RegExp,
  replace: (groups: readonly string[]) => string,
])[] = [
  [
    /\bplugins:\[([\w$]+)\](?=,schemaDescription:)/g,
    ([explorer]) => `plugins:[${explorer},globalThis.gatewayHistoryPanel]`,
  ],
  [
    /\bconst ([\w$]+)=(\{title:"History",icon:[\w$]+,content:[\w$]+\})/g,
    ([name, panel]) => `const ${name}=globalThis.gatewayHistoryPanel=${panel}`,
  ],
  [
    /(\baddToHistory\(([\w$]+)\)\{[^{}]*\{[^{}]*\}=[\w$]+\(\);[\w$]+\?\.updateHistory\()\2\)/g,
    ([start, operation]) => `${start}gatewayHistory.keep(${operation}))`,
  ],
  [
    /(\{query:[\w$]+,variables:[\w$]+,headers:([\w$]+)\}=[\w$]+\.item;[^{}]*?)([\w$]+)\?\.setValue\(\2\?\?""\)/g,
    ([start, headers, editor]) => `${start}${editor}&&gatewayHistory.restore(${editor},${headers})`,
  ],
];

/** Gives the page its history. @throws where GraphiQL's script is another one than this file knows. */
export function addHistory(html: string): string {
  return places.reduce((page, [pattern, replace]) => {
    const found = [...page.matchAll(pattern)];
    if (found.length !== 1)
      throw new Error(`GraphiQL's script has ${found.length} places like ${pattern}, not one`);
    return page.replace(pattern, (_whole, ...groups) => replace(groups));
  }, html);
}
