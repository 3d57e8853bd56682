// The floor: node:http and undici making the same calls and giving the same answers, without GraphQL or any check.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bothOf, refusedAccount, userOf } from '../load/question.ts';
import { tell } from '../processes/messages.ts';
import { bodyOf } from './body.ts';
import { createReads } from './reads.ts';

const reads = createReads(process.argv[2] ?? '');

const server = createServer({ maxHeaderSize: 131_072 }, async (request, response) => {
  const [authorization = ''] = await Promise.all([request.headers.authorization, bodyOf(request)]);
  const { status = 200, ...answer } = await answerAt(request.url ?? '', authorization);
  const body = JSON.stringify(answer);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => tell((server.address() as AddressInfo).port));

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
  readonly status?: number;
}

async function answerAt(path: string, authorization: string): Promise<Answer> {
  switch (path) {
    case '/account': {
      const account = await accountOf(authorization);
      return { data: { account }, ...errorsIn([account]) };
    }
    case '/accounts': {
      const accounts = await Promise.all(authorization.split(', ').map(accountOf));
      return { data: { accounts }, ...errorsIn(accounts) };
    }
    case '/logout':
      await reads.logout(authorization);
      return { data: { logout: { failures: [] } } };
    case '/invalid':
      return { status: 400, errors: [{ message: 'Not valid.' }] };
    default:
      return { data: { combinedMargins: await combined(authorization.split(', ')) } };
  }
}

async function accountOf(authorization: string) {
  const [user, margins] = await Promise.all([
    reads.profile(authorization),
    reads.margins(authorization),
  ]);
  if (user === null || margins === null) return refusedAccount;
  return { user: userOf(user), margins: bothOf(margins) };
}

/** Errors for those of the accounts that were refused. */
function errorsIn(accounts: readonly object[]): Pick<Answer, 'errors'> {
  const failed = accounts.filter((account) => account === refusedAccount);
  return failed.length === 0 ? {} : { errors: failed.map(() => ({ message: 'Refused.' })) };
}

/** Plain additions: exact sums are not the floor's work. */
async function combined(credentials: readonly string[]) {
  let [equity, commodity] = [0, 0];
  for (const margins of await Promise.all(credentials.map(reads.margins))) {
    equity += margins?.equity.net ?? 0;
    commodity += margins?.commodity.net ?? 0;
  }
  return { total: equity + commodity, equity, commodity };
}
