// Names in the environment and in .env that are no setting, where they were most likely meant as one.
import { type Environment, isSet, settingNames } from './variables.ts';

/** Shorter names, such as HOST, are near too many that mean something else. */
const checkedFromLength = 7;
const modes = ['production', 'development', 'test'];
/** What others than the gateway read: Node itself, and what connects through a proxy. */
const foreign = /^(?:NODE_.*|(?:HTTPS?|NO|ALL)_PROXY|TZ|LANG|LC_.*|PATH)$/i;

/**
 * A line for each name that is near a setting's, for each name of .env that no setting has, and for a NODE_ENV
 * without a meaning.
 * @param fileNames the names in the file .env.
 */
export function nameNotices(
  environment: Environment,
  fileNames: readonly string[] = [],
): readonly string[] {
  const lines: string[] = [];
  const inFile = new Set(fileNames);
  const known = new Set(settingNames);
  for (const name of new Set([...Object.keys(environment), ...fileNames])) {
    if (known.has(name) || name.startsWith('LIMIT_') || !isSet(environment, name)) continue;
    const meant = settingNames.find((setting) => isNear(name, setting));
    if (meant !== undefined) lines.push(`${name} is no setting. Did you mean ${meant}?`);
    else if (inFile.has(name) && !foreign.test(name)) {
      lines.push(`${name} in .env is no setting of the gateway; see --help.`);
    }
  }
  const { NODE_ENV: mode } = environment;
  if (isSet(environment, 'NODE_ENV') && !modes.includes(mode ?? '')) {
    lines.push(
      'NODE_ENV is not production, development or test: the gateway runs as in development. Set NODE_ENV=production to switch GraphiQL, introspection and the simulator off.',
    );
  }
  return lines;
}

/** Whether one letter, or two of a long name, are missing, too many or different; case and dashes do not count. */
function isNear(name: string, setting: string): boolean {
  if (setting.length < checkedFromLength || Math.abs(name.length - setting.length) > 2)
    return false;
  const plain = name.toUpperCase().replaceAll('-', '_');
  return distance(plain, setting) <= (setting.length < 10 ? 1 : 2);
}

/** The edit distance of Levenshtein, row by row. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
