// Writes docs/limits.md from the code: `npm run codegen` runs it, and a test holds the file to it.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { limitDefinitions, limitNames, limitVariable } from '../../../src/limits.ts';

/** The documentation of every bound, as a Markdown page. */
export function limitsPage(): string {
  const rows = limitNames.map((name) => {
    const { default: value, unit, bounds } = limitDefinitions[name];
    return `| \`${limitVariable(name)}\` | \`${name}\` | ${value.toLocaleString('en')} ${value === 1 ? unit.replace(/s$/, '') : unit} | ${bounds} |`;
  });
  return [
    '# Limits',
    '',
    'Each limit is an environment variable with a whole number, and a name in the `limits` option of `createGateway`.',
    'The gateway refuses a request that exceeds a limit with a coded error, before it does the work.',
    '',
    '| setting | option | default | what it limits |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../../../docs/limits.md', import.meta.url), limitsPage());
}
