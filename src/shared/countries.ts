// From a client address to its country, by a database of the operator's.
import ipaddr from 'ipaddr.js';
import { type CountryResponse, Reader } from 'mmdb-lib';

/** The country of an address as ISO 3166-1 alpha-2; null for private and unreadable addresses and where it is not known. */
export type Countries = (address: string | null) => string | null;

/**
 * Countries by the contents of an MMDB file; without one, no country is known.
 * @throws Error if it is not such a file.
 */
export function createCountries(database?: Uint8Array): Countries {
  if (database === undefined) return () => null;
  const bytes = Buffer.from(database.buffer, database.byteOffset, database.byteLength);
  const reader = new Reader<CountryResponse>(bytes);
  // A broken file is found at the start, and not by the first query.
  reader.get('1.1.1.1');
  return (address) => {
    const known = address === null ? null : publicAddress(address);
    if (known === null) return null;
    // The reader would take the first half of an IPv6 address for an IPv4 one.
    if (reader.metadata.ipVersion === 4 && known.includes(':')) return null;
    const code: unknown = reader.get(known)?.country?.iso_code;
    return typeof code === 'string' && /^[A-Z]{2}$/.test(code) ? code : null;
  };
}

/** The address in its shortest form; null if it cannot be read or is of no public network. */
function publicAddress(text: string): string | null {
  if (!ipaddr.isValid(text)) return null;
  const address = ipaddr.process(text);
  return address.range() === 'unicast' ? address.toString() : null;
}
