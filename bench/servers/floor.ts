// The floor: node:http and undici making the same calls and giving the same answers, without GraphQL or any check.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tell } from '../messages.ts';
import { segmentOf, userOf } from '../question.ts';
import { createReads } from './reads.ts';

const reads = createReads(process.argv[2] ?? '');

const server = createServer({ maxHeaderSize: 131_072 }, async (request, response) => {
  const [authorization = ''] = await Promise.all([
    request.headers.authorization,
    received(request),
  ]);
  const body = JSON.stringify({ data: await dataAt(request.url ?? '', authorization) });
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => tell((server.address() as AddressInfo).port));

async function dataAt(path: string, authorization: string): Promise<unknown> {
  if (path === '/account') return { account: await account(authorization) };
  const credentials = authorization.split(', ');
  if (path === '/accounts') return { accounts: await Promise.all(credentials.map(account)) };
  let [equity, commodity] = [0, 0];
  for (const margins of await Promise.all(credentials.map(reads.margins))) {
    equity += margins.equity.net;
    commodity += margins.commodity.net;
  }
  // Plain additions: being exact is not the floor's work.
  return { combinedMargins: { total: equity + commodity, equity, commodity } };
}

async function account(authorization: string) {
  const [user, margins] = await Promise.all([
    reads.profile(authorization),
    reads.margins(authorization),
  ]);
  return {
    user: userOf(user),
    margins: { equity: segmentOf(margins.equity), commodity: segmentOf(margins.commodity) },
  };
}

/** Reads the request to its end, as every server must. */
function received(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    request.on('data', () => {}).once('end', resolve);
  });
}
