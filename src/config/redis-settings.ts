// The settings that say how Redis is reached, beside its address in KEYRING_STORE.
import { isRedisUrl, parseRedisUrl, type RedisAddress } from '../shared/redis-address.ts';
import { readTextFile, TextFileError } from './text-file.ts';
import type { ReadableGatewayValues } from './variables.ts';

/** How Redis is reached, beside its address. */
export type RedisConfig = Omit<RedisAddress, 'url'>;

/** Reads them, and adds a line for each fault. */
export function readRedisSettings(values: ReadableGatewayValues, faults: string[]): RedisConfig {
  const { KEYRING_STORE = '', REDIS_SENTINEL_MASTER: sentinelMaster, REDIS_CA_FILE } = values;
  const { REDIS_SENTINEL_PASSWORD: sentinelPassword } = values;
  const isRedis = isRedisUrl(KEYRING_STORE);
  if (sentinelMaster !== undefined && !isRedis) {
    faults.push('REDIS_SENTINEL_MASTER: set without KEYRING_STORE=redis://<sentinel>,<sentinel>.');
  }
  if (sentinelPassword !== undefined && sentinelMaster === undefined) {
    faults.push('REDIS_SENTINEL_PASSWORD: set without REDIS_SENTINEL_MASTER.');
  }
  if (REDIS_CA_FILE !== undefined && !KEYRING_STORE.startsWith('rediss:')) {
    faults.push('REDIS_CA_FILE: set without KEYRING_STORE=rediss://<host>.');
  }
  if (isRedis && sentinelMaster === undefined && isClusterWithNumber(KEYRING_STORE)) {
    faults.push('KEYRING_STORE: a Redis Cluster has no numbered databases. Remove the number.');
  }
  const ca = REDIS_CA_FILE && readCertificates(REDIS_CA_FILE, faults);
  return {
    ...(sentinelMaster && { sentinelMaster }),
    ...(sentinelPassword && { sentinelPassword }),
    ...(ca && { ca }),
  };
}

function isClusterWithNumber(url: string): boolean {
  const { nodes, database } = parseRedisUrl(url);
  return nodes.length > 1 && database > 0;
}

function readCertificates(file: string, faults: string[]): string | undefined {
  try {
    const text = readTextFile(file);
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
    faults.push(`REDIS_CA_FILE: ${file} holds no certificate in PEM.`);
  } catch (error) {
    if (!(error instanceof TextFileError)) throw error;
    faults.push(`REDIS_CA_FILE: ${file} ${error.message}.`);
  }
  return undefined;
}
