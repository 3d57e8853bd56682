// A Dockerfile without Docker: its instructions, and its steps carried out in a folder, as a user without rights.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registryEnvironment, searchPath } from '../processes/environment.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** One instruction of a Dockerfile. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** One stage: from which image, under which name, and what it does. */
export interface Stage {
  readonly name: string;
  readonly image: string;
  readonly steps: readonly Instruction[];
}

/** Reads the stages of a Dockerfile. */
export function stagesOf(file: string): readonly Stage[] {
  const lines = readFileSync(file, 'utf8').replaceAll('\\\n', ' ').split('\n');
  const stages: (Omit<Stage, 'steps'> & { steps: Instruction[] })[] = [];
  for (const line of lines.filter((each) => each.trim() !== '' && !each.startsWith('#'))) {
    const [, name = '', text = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') {
      const [, image = '', alias = ''] = /^(\S+)(?: AS (\S+))?$/.exec(text) ?? [];
      stages.push({ image, name: alias, steps: [] });
    } else stages.at(-1)?.steps.push({ name, text });
  }
  return stages;
}

/** What a .dockerignore that begins by leaving everything out lets into an image. */
export function contextOf(file: string): readonly string[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines[0] !== '*') throw new Error('The file does not begin with *');
  return lines.slice(1).map((line) => line.replace(/^!/, ''));
}

/** The user of the steps: Debian's `nobody`, where the tests run as root; else their own. */
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

/** The numbers of the user of the steps, for `spawn`. */
export const unprivileged = isRoot ? { uid: nobody, gid: nobody } : {};

/** A machine in a folder, on which stages are carried out: `/app` of a stage is `<folder>/<stage>/app`. */
export class FolderMachine {
  readonly #folder: string;
  readonly #context: readonly string[];

  constructor(folder: string, context: readonly string[]) {
    this.#folder = folder;
    this.#context = context;
    // A copy: the path of this Node may be closed to other users.
    mkdirSync(join(folder, 'bin'));
    copyFileSync(process.execPath, join(folder, 'bin/node'));
    mkdirSync(join(folder, 'home'));
    this.#give(folder);
    this.#give(join(folder, 'home'));
  }

  /** Where a path of a stage is. */
  path(stage: string, path: string): string {
    return join(this.#folder, stage || 'final', path);
  }

  /** The environment of a process on it. */
  environment(settings: Readonly<Record<string, string>> = {}): Record<string, string> {
    const PATH = [
      join(this.#folder, 'bin'),
      ...searchPath.filter((p) => !p.includes('node_modules')),
    ];
    return {
      ...registryEnvironment(),
      HOME: join(this.#folder, 'home'),
      PATH: PATH.join(':'),
      NODE_DISABLE_COMPILE_CACHE: '1',
      ...settings,
    };
  }

  /** Carries a stage out. @returns its working folder, and the variables that it sets. */
  async run({ name: stage, steps }: Stage): Promise<{ cwd: string; env: Record<string, string> }> {
    let cwd = this.path(stage, '/');
    const env: Record<string, string> = {};
    for (const { name, text } of steps) {
      if (name === 'WORKDIR') cwd = this.path(stage, text);
      mkdirSync(cwd, { recursive: true });
      this.#give(cwd);
      if (name === 'COPY') this.#copy(cwd, text);
      if (name === 'RUN') await this.#shell(text, cwd, env);
      if (name === 'ENV') {
        const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(text) ?? [];
        env[key] = value;
      }
    }
    return { cwd, env };
  }

  #copy(cwd: string, text: string): void {
    const words = text.split(/\s+/);
    const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
    const [target = '', ...sources] = words.filter((word) => !word.startsWith('--')).reverse();
    const found = sources.flatMap((source) => (source === '.' ? this.#context : [source]));
    for (const source of found) {
      const isOpen = from !== undefined || this.#context.includes(source);
      if (!isOpen) throw new Error(`${source} is not in the context`);
      const path = from === undefined ? join(root, source) : this.path(from, source);
      const isFolder = target.endsWith('/') || target === '.';
      const destination = isFolder ? join(cwd, target, basename(source)) : join(cwd, target);
      mkdirSync(dirname(destination), { recursive: true });
      cpSync(path, destination, { recursive: true, verbatimSymlinks: true });
      this.#give(destination, true);
    }
  }

  #shell(command: string, cwd: string, env: Readonly<Record<string, string>>): Promise<void> {
    return new Promise((resolve, reject) => {
      const options = { cwd, env: this.environment(env), ...unprivileged };
      const child = spawn('sh', ['-c', command], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          said += chunk;
        });
      }
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`RUN ${command} ended with ${code}: ${said.slice(-4_000)}`));
      });
    });
  }

  #give(path: string, isDeep = false): void {
    if (!isRoot) return;
    const below =
      isDeep && statSync(path).isDirectory()
        ? readdirSync(path, { recursive: true, encoding: 'utf8' })
        : [];
    for (const each of ['', ...below]) lchownSync(join(path, each), nobody, nobody);
  }
}
