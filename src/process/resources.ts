// What the process opens by its settings, the store, the audit log and the countries; a fault names the setting and what to do.
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { ConfigError } from '../config/config-error.ts';
import { readFault } from '../config/text-file.ts';
import { createEncrypter } from '../keyring/crypto/encrypter.ts';
import { checkKeys } from '../keyring/crypto/key-check.ts';
import { openKeyringStore } from '../keyring/stores/open-store.ts';
import { type KeyringStore, KeyringStoreError } from '../keyring/stores/store.ts';
import { adviceFor } from '../keyring/stores/store-advice.ts';
import type { Limits } from '../limits.ts';
import { createCountries } from '../shared/countries.ts';
import { AuditFile } from './audit-file.ts';

/** Opens the store of KEYRING_STORE. @throws ConfigError where it cannot be opened. */
export async function openStore(url: string, limits: Limits): Promise<KeyringStore> {
  try {
    return await openKeyringStore(url, () => new Date(), undefined, limits);
  } catch (error) {
    // Its words name what is wrong with the address, and never the address, which may hold a password.
    if (error instanceof TypeError) throw new ConfigError([`KEYRING_STORE: ${error.message}.`]);
    if (!(error instanceof KeyringStoreError)) throw error;
    throw new ConfigError([`KEYRING_STORE: ${adviceFor(error)}`]);
  }
}

/** Says in the log where sessions of the store open with none of the keys: their users are logged out. */
export async function warnOfKeys(
  store: KeyringStore,
  keys: readonly Uint8Array[] | undefined,
  limits: Limits,
  log: Logger,
): Promise<void> {
  if (keys === undefined) return;
  try {
    const { tried, unreadable } = await checkKeys(
      store,
      createEncrypter(keys),
      limits.triedKeyrings,
    );
    if (unreadable === 0) return;
    log.warn(
      { tried, unreadable },
      'Browsers of the store cannot be decrypted with KEYRING_KEYS: they are logged out. Add the key that encrypted them behind the first one',
    );
  } catch (error) {
    // A store that is down is told of by the requests that need it.
    if (!(error instanceof KeyringStoreError)) throw error;
  }
}

/** Opens the audit log, which SIGHUP opens again once a tool has renamed the file. @throws ConfigError where it cannot be. */
export async function openAuditFile(
  file: string | undefined,
  limits: Limits,
  log: Logger,
): Promise<AuditFile | null> {
  if (file === undefined) return null;
  const onFault = (code: string | null, lost: number) => {
    if (code === null) log.info('The audit log is written again');
    else log.error({ code, lost }, 'The audit log cannot be written: its events wait in memory');
  };
  try {
    const opened = await AuditFile.open({ file, limits, onFault });
    process.on('SIGHUP', () => opened.reopen());
    return opened;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
    throw new ConfigError([
      `AUDIT_LOG: ${code}: the file cannot be opened. Its folder must exist, and this user must be allowed to write there.`,
    ]);
  }
}

/** Reads the file of GEOIP_DATABASE; null if it is not set. @throws ConfigError if it is not an MMDB file. */
export function readCountryDatabase(file: string | undefined): Uint8Array | null {
  if (file === undefined) return null;
  try {
    const database = readFileSync(file);
    createCountries(database);
    return database;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === undefined ? 'is not an MMDB database' : `cannot be read: ${readFault(error)}`;
    throw new ConfigError([
      `GEOIP_DATABASE: ${file} ${why}. It is an MMDB file with the countries of addresses.`,
    ]);
  }
}
