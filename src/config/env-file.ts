// The file .env: settings for the environment, which wins over it.
import { existsSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config-error.ts';
import { readTextFile, TextFileError } from './text-file.ts';

/**
 * Adds the variables of a file, where there is one, to the environment, which wins over it; gives their names.
 * @throws ConfigError where the file cannot be read, or is not in UTF-8.
 */
export function loadEnvFile(
  file: string,
  environment: NodeJS.ProcessEnv = process.env,
): readonly string[] {
  if (!existsSync(file)) return [];
  try {
    const variables = parseEnv(readTextFile(file));
    for (const [name, value] of Object.entries(variables)) environment[name] ??= value;
    return Object.keys(variables);
  } catch (error) {
    const why = error instanceof TextFileError ? error.message : 'cannot be read';
    throw new ConfigError([`${file}: ${why}. It is optional: a file of NAME=value lines.`]);
  }
}
