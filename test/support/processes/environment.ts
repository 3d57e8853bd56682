// The tests' own environment, read in one place: what the machine has, and whether it must have everything.
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Whether this run must check everything: what is missing then fails instead of being skipped. */
export const isCi = process.env.CI === 'true';

/** Where property tests begin: the same cases in each run, unless FUZZ_SEED names others. */
export const fuzzSeed = Number(process.env.FUZZ_SEED ?? 20_260_105);

/** How many cases the fuzz test makes in all, unless FUZZ_CASES says otherwise. */
export const fuzzCases = Number(process.env.FUZZ_CASES ?? 10_000);

/** Whether the fault suite writes its table into the documentation. */
export const writesFaults = process.env.FAULTS_WRITE === '1';

/** Whether the fault suite takes its time: each overload and each pause as long as its rule says. */
export const isLongFaults = process.env.FAULTS_LONG === '1';

/** The folders where commands are looked for. */
export const searchPath = (process.env.PATH ?? '').split(delimiter).filter(Boolean);

/**
 * An environment for a process of its own: what a process needs to run, and the settings given.
 * None of this machine's own settings for the gateway reach it.
 */
export function environmentWith(
  settings: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const { HOME = '/', PATH = '' } = process.env;
  // Node keeps what it compiled: a dozen processes of the same sources start in half the time.
  const NODE_COMPILE_CACHE = join(tmpdir(), 'kite-graphql-compile-cache');
  return { HOME, PATH, NODE_COMPILE_CACHE, ...settings };
}

/** The first of these commands that is on the search path, as an absolute path; null if it is not installed. */
export function findCommand(
  names: readonly string[],
  folders: readonly string[] = searchPath,
): string | null {
  const places = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return places.find((place) => existsSync(place)) ?? null;
}

/** This machine's whole environment, for npm: its registry may be set there. */
export function wholeEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env };
}

/** What an npm of another user needs of this machine's environment: the way to its registry. */
export function registryEnvironment(): Record<string, string> {
  const isWay = ([name]: [string, string | undefined]) =>
    /^(npm_config_(registry|cafile)|https?_proxy|no_proxy|node_extra_ca_certs)$/i.test(name);
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && isWay([name, value]) ? [[name, value]] : [],
    ),
  );
}
