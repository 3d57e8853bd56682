// The apps: one of Kite from two variables, or many of any broker from a file.
import { z } from 'zod';
import type { AppOptions } from '../options.ts';
import { readJsonFile, TextFileError } from './text-file.ts';
import { apiKey, type Environment, isSet } from './variables.ts';

const secret = z.string('must be a string').min(1, 'must not be empty').optional();
// Goes into a header as it is.
const word = z
  .string('must be a string')
  .regex(/^[\x20-\x7e]{0,200}$/, 'must be at most 200 printable ASCII characters')
  .optional();
const shared = {
  apiKey,
  apiSecret: secret,
  name: z.string('must be a string').optional(),
  listed: z.boolean('must be true or false').optional(),
};
const kiteApp = z.strictObject({
  broker: z.literal('KITE', 'must be KITE or KOTAK').optional(),
  ...shared,
});
const kotakApp = z
  .strictObject({
    broker: z.literal('KOTAK'),
    ...shared,
    accessToken: secret,
    appId: word,
    ip: word,
    helpUrl: z
      .url({
        protocol: /^https?$/,
        error: 'must be an address that starts with https:// or http://',
      })
      .optional(),
  })
  .refine(
    ({ accessToken, apiSecret }) => accessToken !== undefined || apiSecret !== undefined,
    'needs an accessToken or an apiSecret',
  );
const form = 'an array of apps, such as [{"apiKey": "...", "apiSecret": "..."}]';
const appsFile = z.array(z.unknown(), `must be a JSON array of apps: write ${form}`);

/** The configured apps, possibly none; errors in them are added to `faults`. */
export function readApps(environment: Environment, faults: string[]): readonly AppOptions[] {
  if (isSet(environment, 'KITE_API_SECRET') && !isSet(environment, 'KITE_API_KEY')) {
    faults.push('KITE_API_SECRET: set without KITE_API_KEY. Set both, or neither.');
  }
  const [variable, another] = ['APPS_FILE', 'KITE_APPS_FILE'].filter((name) =>
    isSet(environment, name),
  );
  if (variable !== undefined) {
    if (another !== undefined) {
      faults.push(`${another}: the older name of ${variable}, which is set too. Unset it.`);
    }
    if (isSet(environment, 'KITE_API_KEY')) {
      faults.push(
        `${variable}: set beside KITE_API_KEY. Put that app into the file, and unset the variable.`,
      );
    }
    return readAppsFile(variable, environment[variable] ?? '', faults);
  }
  const { KITE_API_KEY: key, KITE_API_SECRET: apiSecret } = environment;
  return key ? [{ apiKey: key, ...(apiSecret && { apiSecret }) }] : [];
}

function readAppsFile(variable: string, file: string, faults: string[]): readonly AppOptions[] {
  let content: unknown;
  try {
    content = readJsonFile(file, form);
  } catch (error) {
    if (!(error instanceof TextFileError)) throw error;
    faults.push(`${variable}: ${file} ${error.message}.`);
    return [];
  }
  const list = appsFile.safeParse(content);
  if (!list.success) {
    faults.push(`${variable}: ${file}: ${list.error.issues[0]?.message ?? 'cannot be read'}`);
    return [];
  }
  const apps: AppOptions[] = [];
  for (const [index, entry] of list.data.entries()) {
    const result = schemaOf(entry).safeParse(entry);
    if (result.success) apps.push(result.data);
    for (const { path, message } of result.error?.issues ?? []) {
      faults.push(`${variable}: ${[file, `app ${index + 1}`, ...path, message].join(': ')}`);
    }
  }
  const keys = apps.map((app) => app.apiKey);
  const twice = new Set(keys.filter((key, index) => keys.indexOf(key) !== index));
  for (const key of twice) {
    faults.push(`${variable}: ${file}: the app ${key} stands in it more than once. Keep one.`);
  }
  if (list.data.length === 0)
    faults.push(`${variable}: ${file}: no app stands in it. Add one, or unset the variable.`);
  return apps;
}

function schemaOf(
  entry: unknown,
): z.ZodType<Readonly<Record<string, unknown>> & { apiKey: string }> {
  const broker = z.looseObject({ broker: z.unknown() }).safeParse(entry).data?.broker;
  return broker === 'KOTAK' ? kotakApp : kiteApp;
}
