// compose.yaml, without Docker: its settings start a gateway, and what it names exists.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/config.ts';
import { settingNames } from '../../src/config/variables.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Service {
  readonly build?: string;
  readonly image: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly networks: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

const given: Readonly<Record<string, string>> = {
  SITE: 'api.example.com',
  KITE_API_KEY: 'key',
  KITE_API_SECRET: 'secret',
  KEYRING_KEYS: randomBytes(32).toString('base64'),
  REDIS_PASSWORD: 'password',
};
const text = readFileSync(join(root, 'compose.yaml'), 'utf8');
const { services, networks, volumes } = parse(
  text.replace(/\$\{(\w+):\?\}/g, (_whole, name: string) => given[name] ?? ''),
) as {
  services: Readonly<Record<string, Service>>;
  networks: Readonly<Record<string, { internal?: boolean }>>;
  volumes: Readonly<Record<string, unknown>>;
};
const replicas = ['gateway-1', 'gateway-2'].map((name) => services[name]);

test('both replicas have settings that start a gateway, without a note', () => {
  for (const replica of replicas) {
    const environment = { ...replica?.environment, NODE_ENV: 'production' };
    expect(Object.keys(environment).filter((name) => !settingNames.includes(name))).toEqual([]);
    const { notices, keyring, trustProxy } = readConfig(environment);
    expect(notices).toEqual([]);
    expect(keyring.store).toBe('redis://:password@redis:6379');
    expect(trustProxy).toBe(true);
  }
});

test('each variable that must be given is in the comment at the top, and no other', () => {
  const named = [...text.matchAll(/\$\{(\w+):\?\}/g)].map(([, name]) => name);
  const commented = [...text.matchAll(/^# {3}([A-Z_]+)=/gm)].map(([, name]) => name);
  expect([...new Set(named)].toSorted()).toEqual(commented.toSorted());
  expect(text).not.toMatch(/\$\{\w+\}/);
});

test('only the proxy can be reached from outside, and Redis only by the replicas', () => {
  const open = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
  expect(open.map(([name]) => name)).toEqual(['proxy']);
  expect(networks.back?.internal).toBe(true);
  const inBack = Object.entries(services).filter(([, each]) => each.networks.includes('back'));
  expect(inBack.map(([name]) => name)).toEqual(['gateway-1', 'gateway-2', 'redis']);
  expect(services.redis?.networks).toEqual(['back']);
});

test('each service has a read-only file system and no capability that it does not need', () => {
  for (const service of Object.values(services)) {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  }
});

test('each network, volume, file and service that is named exists', () => {
  for (const service of Object.values(services)) {
    for (const name of service.networks) expect(networks).toHaveProperty(name);
    for (const name of Object.keys(service.depends_on ?? {})) expect(services).toHaveProperty(name);
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.'))
        expect([source, existsSync(join(root, source))]).toEqual([source, true]);
      else expect(volumes).toHaveProperty(source);
    }
  }
  const proxied = services.proxy?.environment?.GATEWAYS?.split(' ') ?? [];
  expect(proxied.map((address) => address.replace(':4000', ''))).toEqual([
    'gateway-1',
    'gateway-2',
  ]);
  expect(existsSync(join(root, 'Dockerfile'))).toBe(true);
});
