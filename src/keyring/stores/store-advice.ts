// What an operator can do about a store that cannot be opened, by the code of the cause.
import type { KeyringStoreError } from './store.ts';

const unreachable = 'Redis cannot be reached. Check that the server runs, and the host and port.';

const untrusted =
  'the certificate of Redis is signed by an authority that is not trusted. Set REDIS_CA_FILE.';

const unopened = 'the file cannot be opened. Check that its folder exists and is writable.';

const advice: Partial<Record<string, string>> = {
  WRONGPASS: 'Redis refuses the user name or the password in the URL.',
  NOAUTH: 'Redis requires a password, and the URL has none.',
  NOPERM: 'Redis does not let this user run the commands that the gateway needs.',
  MOVED:
    'this Redis is a node of a cluster. List the addresses of several nodes, with commas between them; one name that stands for all of them is written twice.',
  CLUSTERDOWN: 'the Redis Cluster does not serve all of its slots. Check its nodes.',
  MASTERDOWN: 'this Redis is a replica that has lost its master.',
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of Redis is for another host name.',
  CERT_HAS_EXPIRED: 'the certificate of Redis has expired.',
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  ETIMEDOUT: unreachable,
  ENOENT: unopened,
  EACCES: unopened,
  EPERM: unopened,
  EROFS: unopened,
  EISDIR: 'the path is a folder, not a file.',
  SQLITE_CANTOPEN: unopened,
  SQLITE_READONLY: 'this user may not write to the file.',
  SQLITE_NOTADB: 'the file is not an SQLite database.',
  SQLITE_CORRUPT: 'the file is damaged.',
  SQLITE_FULL: 'the disk is full.',
};

/** A sentence that names the cause and what to do; it holds no address. */
export function adviceFor({ systemCode }: KeyringStoreError): string {
  const known = systemCode === null ? undefined : advice[systemCode];
  const sentence =
    known ??
    'the store cannot be opened. Check that the server runs, or that the folder of the file exists and is writable.';
  return systemCode === null ? sentence : `${systemCode}: ${sentence}`;
}
