// What a run was made on, so that its numbers can be read.
import { readFileSync } from 'node:fs';
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

/** Describes this machine. */
export function describeMachine(pinned: boolean): Machine {
  const version = (folder: string, name: string) => {
    const path = new URL(`../${folder}node_modules/${name}/package.json`, import.meta.url);
    return String(JSON.parse(readFileSync(path, 'utf8')).version);
  };
  const ours = ['graphql', 'graphql-yoga', '@pothos/core', 'dataloader', 'undici'];
  const others = ['@apollo/server', '@apollo/datasource-rest', 'mercurius', 'fastify'];
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    pinned,
    versions: Object.fromEntries([
      ...ours.map((name) => [name, version('', name)]),
      ...others.map((name) => [name, version('bench/', name)]),
    ]),
  };
}
