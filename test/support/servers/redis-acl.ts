// The user of Redis that docs/deployment.md describes, with exactly what that allows.
import { readFileSync } from 'node:fs';
import { cli } from './redis-cluster.ts';

const documented = /^user (?<name>\S+) on >(?<password>\S+) (?<rules>.+)$/m;

/** Makes that user on servers; its name and password, as they stand in a URL. */
export async function addDocumentedUser(ports: readonly number[]): Promise<string> {
  const text = readFileSync(new URL('../../../docs/deployment.md', import.meta.url), 'utf8');
  const { name = '', password = '', rules = '' } = documented.exec(text)?.groups ?? {};
  for (const port of ports) {
    const answer = await cli(
      ...['-p', `${port}`, 'ACL', 'SETUSER', name, 'reset', 'on', `>${password}`],
      ...rules.split(' '),
    );
    if (answer.trim() !== 'OK') throw new Error(answer);
  }
  return `${name}:${password}`;
}

/** What servers refused their users. */
export async function refusals(ports: readonly number[]): Promise<string> {
  const logs = await Promise.all(ports.map((port) => cli('-p', `${port}`, 'ACL', 'LOG')));
  return logs.join('').trim();
}
