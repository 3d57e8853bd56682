// What a run was made on, so that its numbers can be read.
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** The machine and the versions of everything that was compared. */
export interface Machine {
  /** The day of the run, ISO 8601. */
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  /** Gibibytes. */
  readonly memory: number;
  readonly system: string;
  readonly node: string;
  /** Whether the measured server had a core to itself. */
  readonly pinned: boolean;
  /** By package. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Describes this machine. Packages that are not installed have no version. */
export function describeMachine(pinned: boolean): Machine {
  const versions = (folder: string, names: readonly string[]) =>
    names.flatMap((name) => {
      const path = new URL(`../${folder}node_modules/${name}/package.json`, import.meta.url);
      return existsSync(path)
        ? [[name, String(JSON.parse(readFileSync(path, 'utf8')).version)]]
        : [];
    });
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    pinned,
    versions: Object.fromEntries([
      ...versions('', [
        'graphql',
        'graphql-yoga',
        '@graphql-tools/executor',
        '@pothos/core',
        'dataloader',
        'undici',
      ]),
      ...versions('bench/others/', [
        '@apollo/server',
        '@apollo/datasource-rest',
        'mercurius',
        'fastify',
      ]),
    ]),
  };
}
