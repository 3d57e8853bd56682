// What the process opens by its settings, the store, the logo and the countries; a fault names the setting and what to do.
import { readFileSync, statSync } from 'node:fs';
import { ConfigError } from '../config/config-error.ts';
import type { KeyringConfig } from '../config/settings.ts';
import { readFault } from '../config/text-file.ts';
import { openKeyringStore } from '../keyring/stores/open-store.ts';
import { type KeyringStore, KeyringStoreError } from '../keyring/stores/store.ts';
import { adviceFor } from '../keyring/stores/store-advice.ts';
import type { Limits } from '../limits.ts';
import { createCountries } from '../shared/countries.ts';
import { imageTypeOf } from '../shared/picture-type.ts';

/** Opens the store of KEYRING_STORE. @throws ConfigError where it cannot be opened. */
export async function openStore(
  { store, redis }: Pick<KeyringConfig, 'store' | 'redis'>,
  limits: Limits,
): Promise<KeyringStore> {
  try {
    return await openKeyringStore(store, () => new Date(), undefined, limits, redis);
  } catch (error) {
    // Its words name what is wrong with the address, and never the address, which may hold a password.
    if (error instanceof TypeError) throw new ConfigError([`KEYRING_STORE: ${error.message}.`]);
    if (!(error instanceof KeyringStoreError)) throw error;
    throw new ConfigError([`KEYRING_STORE: ${adviceFor(error)}`]);
  }
}

/** Reads the picture of CONSOLE_LOGO_FILE; null if it is not set. @throws ConfigError if it is not one, or too large. */
export function readLogo(file: string | undefined, limits: Limits): Uint8Array | null {
  if (file === undefined) return null;
  try {
    const { size } = statSync(file);
    if (size > limits.consoleLogoBytes) {
      const most = limits.consoleLogoBytes;
      const text = `the file has ${size} bytes, and at most ${most} are served. Make the picture smaller, or raise LIMIT_CONSOLE_LOGO_BYTES.`;
      throw new ConfigError([`CONSOLE_LOGO_FILE: ${text}`]);
    }
    const logo = readFileSync(file);
    if (imageTypeOf(logo) !== null) return logo;
    throw new ConfigError(['CONSOLE_LOGO_FILE: the file is not a PNG, JPEG or WebP picture.']);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`CONSOLE_LOGO_FILE: cannot be read: ${readFault(error)}.`]);
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
