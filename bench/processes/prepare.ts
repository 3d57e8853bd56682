// What has to be there before servers start: the built gateway, and the servers that it is compared with.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
let isBuilt = false;

/** Builds the gateway, once in a run. */
export function buildGateway(): void {
  if (!isBuilt) npm('run', 'build');
  isBuilt = true;
}

/** Installs the servers that the gateway is compared with, where they are missing. */
export function installOthers(): void {
  const folder = new URL('../others/node_modules', import.meta.url);
  if (!existsSync(folder)) npm('ci', '--prefix', 'bench/others');
}

/** @throws where npm fails. */
function npm(...words: string[]): void {
  const { status, stdout, stderr } = spawnSync('npm', words, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${words.join(' ')} failed:\n${stdout}${stderr}`);
}
