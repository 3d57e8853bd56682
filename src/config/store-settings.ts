// The settings of the command `sessions`: those of the gateway that are about its store, and no others.
import type { Limits } from '../limits.ts';
import { type RedisConfig, readRedisSettings } from './redis-settings.ts';
import { type Environment, gatewayVariables, isSet, parse, readLimits } from './variables.ts';

/** Where the sessions are. */
export interface StoreConfig {
  readonly keyring: {
    /** `sqlite:<file>` or `redis://...`; may hold a password. */
    readonly store: string;
    /** How Redis is reached, where that is the store. */
    readonly redis: RedisConfig;
    /** Keys of 32 bytes: the first encrypts, all decrypt. */
    readonly keys: readonly Uint8Array[];
  };
  /** The file of the audit log; undefined: no such log. */
  readonly auditLog: string | undefined;
  /** Whether gateways tell a webhook of sessions: then what this command ends is noted for it. */
  readonly hasWebhook: boolean;
  readonly limits: Partial<Limits>;
}

const {
  KEYRING_STORE,
  KEYRING_KEYS,
  REDIS_SENTINEL_MASTER,
  REDIS_SENTINEL_PASSWORD,
  REDIS_CA_FILE,
  AUDIT_LOG,
  WEBHOOK_URL,
} = gatewayVariables;

/** Reads them, and a line for each fault. */
export function readStoreSettings(environment: Environment): {
  readonly config: StoreConfig;
  readonly faults: readonly string[];
} {
  const shape = {
    KEYRING_STORE,
    KEYRING_KEYS,
    REDIS_SENTINEL_MASTER,
    REDIS_SENTINEL_PASSWORD,
    REDIS_CA_FILE,
    AUDIT_LOG,
    WEBHOOK_URL,
  };
  const { values, faults } = parse(shape, environment);
  const { limits, faults: limitFaults } = readLimits(environment);
  if (values.KEYRING_STORE === 'memory:') {
    faults.push(
      'KEYRING_STORE: memory: keeps sessions inside the process of the gateway, where no other process reaches them. This command needs sqlite:<file> or redis://...',
    );
  } else if (!isSet(environment, 'KEYRING_KEYS')) {
    faults.push('KEYRING_KEYS: required, to read the sessions. Set it as for the gateway.');
  }
  const redis = readRedisSettings(values, faults);
  const keyring = {
    store: values.KEYRING_STORE ?? 'memory:',
    redis,
    keys: values.KEYRING_KEYS ?? [],
  };
  return {
    config: {
      keyring,
      auditLog: values.AUDIT_LOG,
      hasWebhook: values.WEBHOOK_URL !== undefined,
      limits,
    },
    faults: [...faults, ...limitFaults],
  };
}
