// A Redis behind TLS: its certificate must be signed by an authority that is trusted, Node's or the operator's own.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openKeyringStore } from '../../../../src/keyring/stores/open-store.ts';
import { KeyringStoreError } from '../../../../src/keyring/stores/store.ts';
import { emptyFolder, freePorts } from '../../../support/processes/command.ts';
import { opensslPath } from '../../../support/servers/certificate.ts';
import { startRedis } from '../../../support/servers/redis-server.ts';
import { isRedisMissing } from '../../../support/servers/with-redis.ts';

describe.skipIf(isRedisMissing || opensslPath === null)('a Redis behind TLS', () => {
  test('is used with the certificate of the operator’s own authority, and with no other', async () => {
    const folder = emptyFolder();
    const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
    execFileSync(
      opensslPath ?? 'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=redis'],
        ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
      ],
      { stdio: 'ignore' },
    );
    const [port = 0] = await freePorts(1);
    await using _redis = await startRedis([
      ...['--tls-port', `${port}`, '--tls-cert-file', certificate, '--tls-key-file', key],
      ...['--tls-ca-cert-file', certificate, '--tls-auth-clients', 'no'],
    ]);
    const open = (ca?: string) =>
      openKeyringStore(`rediss://127.0.0.1:${port}`, () => new Date(), undefined, undefined, {
        ca,
      });
    const store = await open(readFileSync(certificate, 'utf8'));
    await store.proveWrite(10);
    await store.close();
    await expect(open()).rejects.toEqual(new KeyringStoreError('DEPTH_ZERO_SELF_SIGNED_CERT'));
  });
});
