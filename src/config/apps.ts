// The Kite Connect apps: one from two variables, or many from a file.
import { z } from 'zod';
import type { AppOptions } from '../options.ts';
import { readTextFile, TextFileError } from './text-file.ts';
import { apiKey, type Environment, isSet } from './variables.ts';

const appsFile = z.array(
  z.strictObject({
    apiKey,
    apiSecret: z.string('must be a string').min(1, 'must not be empty').optional(),
    name: z.string('must be a string').optional(),
    listed: z.boolean('must be true or false').optional(),
  }),
  'must be a JSON array of apps',
);

/** The configured apps, possibly none; errors in them are added to `faults`. */
export function readApps(environment: Environment, faults: string[]): readonly AppOptions[] {
  if (isSet(environment, 'KITE_API_SECRET') && !isSet(environment, 'KITE_API_KEY')) {
    faults.push('KITE_API_SECRET: set without KITE_API_KEY. Set both, or neither.');
  }
  if (isSet(environment, 'KITE_APPS_FILE')) {
    if (isSet(environment, 'KITE_API_KEY')) {
      faults.push(
        'KITE_APPS_FILE: set beside KITE_API_KEY. Put that app into the file, and unset the variable.',
      );
    }
    return readAppsFile(environment.KITE_APPS_FILE ?? '', faults);
  }
  const { KITE_API_KEY: key, KITE_API_SECRET: secret } = environment;
  return key ? [{ apiKey: key, ...(secret && { apiSecret: secret }) }] : [];
}

function readAppsFile(file: string, faults: string[]): readonly AppOptions[] {
  let content: unknown;
  try {
    content = JSON.parse(readTextFile(file));
  } catch (error) {
    // JSON.parse quotes what it could not read, and that may be a secret.
    const why = error instanceof TextFileError ? error.message : 'is not JSON';
    faults.push(`KITE_APPS_FILE: ${file} ${why}.`);
    return [];
  }
  const result = appsFile.safeParse(content);
  if (!result.success) {
    for (const { path, message } of result.error.issues) {
      const [index, ...field] = path;
      const where = index === undefined ? [] : [`app ${Number(index) + 1}`, ...field];
      faults.push(`KITE_APPS_FILE: ${[file, ...where, message].join(': ')}`);
    }
    return [];
  }
  const keys = result.data.map((app) => app.apiKey);
  const twice = new Set(keys.filter((key, index) => keys.indexOf(key) !== index));
  for (const key of twice) {
    faults.push(`KITE_APPS_FILE: ${file}: the app ${key} stands in it more than once.`);
  }
  if (keys.length === 0) faults.push(`KITE_APPS_FILE: ${file}: no app stands in it.`);
  return result.data.map(({ apiKey, apiSecret, name, listed }) => ({
    apiKey,
    ...(apiSecret !== undefined && { apiSecret }),
    ...(name !== undefined && { name }),
    ...(listed !== undefined && { listed }),
  }));
}
