// Certificates for localhost, good and bad, made by openssl.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyFolder } from '../../support/processes/command.ts';

/** A key with its certificate, as TLS servers take them. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** The certificates, each signed by itself; `trusted` is a file with those that a client is to trust. */
export function makeCertificates() {
  const folder = emptyFolder();
  const at = (name: string) => join(folder, name);
  const openssl = (...words: readonly string[]) =>
    execFileSync('openssl', [...words], { cwd: folder, stdio: 'ignore' });
  const make = (name: string, host: string): Certificate => {
    const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)];
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files);
    return read(name);
  };
  const read = (name: string): Certificate => ({
    key: readFileSync(at(`${name}.key`), 'utf8'),
    cert: readFileSync(at(`${name}.pem`), 'utf8'),
  });
  const good = make('good', 'localhost');
  const stranger = make('stranger', 'localhost');
  const otherName = make('other', 'kite.example');
  const expired = makeExpired();

  /** Only `openssl ca` makes certificates of the past. */
  function makeExpired(): Certificate {
    writeFileSync(at('index'), '');
    writeFileSync(at('serial'), '01');
    writeFileSync(
      at('ca.cnf'),
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${at('index')}\nserial=${at('serial')}\nnew_certs_dir=${folder}\ndefault_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName=DNS:localhost\n`,
    );
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', at('expired.key')];
    openssl('req', '-new', ...key, '-subj', '/CN=localhost', '-out', at('expired.csr'));
    const dates = ['-startdate', '20200101000000Z', '-enddate', '20200201000000Z'];
    const self = ['-selfsign', '-keyfile', at('expired.key'), '-in', at('expired.csr')];
    openssl('ca', '-batch', '-config', at('ca.cnf'), ...self, ...dates, '-out', at('expired.pem'));
    return read('expired');
  }

  const trusted = at('trusted.pem');
  writeFileSync(trusted, [good, otherName, expired].map(({ cert }) => cert).join('\n'));
  return { good, stranger, otherName, expired, trusted };
}
