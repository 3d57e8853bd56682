// Networks: brokers that are down, come and go, or send what no decent server sends; TLS and names that fail.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freePorts } from '../support/processes/command.ts';
import { makeCertificates } from './brokers/certificates.ts';
import { type Manner, mannerNames, startRawBroker, tokenFor } from './brokers/raw-broker.ts';
import { startTlsBroker, tlsManners } from './brokers/tls-broker.ts';
import { brokerSettings, startGateway, startSimulatorProcess } from './gateways/processes.ts';
import { sendJson, times } from './gateways/sender.ts';
import { counted, measure } from './report/measure.ts';

const settings = (port: number) => ({
  KITE_API_KEY: 'simulator',
  KITE_API_SECRET: 'simulator-secret',
  KITE_BASE_URL: `http://127.0.0.1:${port}`,
  KITE_RATE_LIMIT: '0',
  KITE_TIMEOUT_MS: '5000',
  LIMIT_REFUSED_CREDENTIAL_SECONDS: '0',
});

const read = '{ account { user { userId email } } }';
const logout = 'mutation { logout { loggedOut failures { error { code } } } }';

/** Asks for the account of a token; `OK`, the code, or that it is the account of another. */
async function ask(url: string, token: string, query = read): Promise<string> {
  const headers = { authorization: `token simulator:${token}`, 'x-forwarded-for': '203.0.113.9' };
  const { status, text } = await sendJson(url, { query, headers });
  const code = /"code":"(\w+)"/.exec(text)?.[1];
  const user = /"userId":"([^"]*)"/.exec(text)?.[1];
  if (code !== undefined) return code;
  if (query === read && user !== token) return `of another: ${text}`;
  return status === 200 ? 'OK' : `status ${status}`;
}

/** A user whom the broker answers as it should. */
const rightUser = (url: string) => async () => {
  const outcome = await ask(url, tokenFor('right', Math.floor(Math.random() * 1_000_000)));
  return outcome === 'OK' ? null : outcome;
};

const invalid = 'UPSTREAM_INVALID_RESPONSE';
const unavailable = 'UPSTREAM_UNAVAILABLE';
const timeout = 'UPSTREAM_TIMEOUT';

/** What a read and a logout in each manner are answered with. */
const expected: Readonly<Record<Manner, string>> = {
  right: 'OK',
  'a byte a second': timeout,
  'a body of a byte a second': timeout,
  'nothing after the head': timeout,
  '100 MB, announced': invalid,
  '100 MB in chunks': invalid,
  '100 MB, compressed to 100 kB': invalid,
  '100 MB of headers': invalid,
  'more than announced': invalid,
  'less than announced': unavailable,
  'a second answer behind its own': 'OK',
  'two lengths': invalid,
  'what is not HTTP': invalid,
  'the end of the connection': unavailable,
  'a reset': unavailable,
  'a redirect to another host': invalid,
};
const perManner = 6;

test('whatever bytes a broker sends, the account gets a code, no other account is touched, and what is too much is not read', async () => {
  const broker = await startRawBroker();
  const gateway = await startGateway({ env: settings(broker.port) });
  const outcomes: Record<string, string> = {};
  await measure(
    {
      sent: `${perManner} reads and ${perManner} logouts in each of ${mannerNames.length} manners: ${mannerNames.slice(1).join(', ')}`,
      gateway,
      brokerPorts: [broker.port],
      user: rightUser(gateway.url),
    },
    async () => {
      const all = await Promise.all(
        mannerNames.map(async (manner) => {
          const each = (query: string) =>
            times(perManner, (index) => ask(gateway.url, tokenFor(manner, index), query));
          const [reads, logouts] = await Promise.all([
            Promise.all(each(read)),
            Promise.all(each(logout)),
          ]);
          outcomes[manner] = [...new Set([...reads, ...logouts])].join();
          return [...reads, ...logouts];
        }),
      );
      return { answers: counted(all.flat()) };
    },
  );
  expect(outcomes).toEqual(expected);
  // Each of the large answers is cut off after what fits into its bound and the buffers on the way.
  expect(broker.seen.bytes).toBeLessThan(4 * 2 * perManner * 20_000_000);
});

test('a gateway starts while its broker is down, is ready, and serves as soon as the broker is there', async () => {
  const [port = 0] = await freePorts(1);
  const gateway = await startGateway({ env: settings(port) });
  await measure(
    { sent: '40 reads with the broker down from the start, then 40', gateway, brokerPorts: [port] },
    async () => {
      const down = await Promise.all(
        times(40, (index) => ask(gateway.url, tokenFor('right', index))),
      );
      const checks = ['/health', '/ready'].map((path) => fetch(gateway.origin + path));
      expect((await Promise.all(checks)).map(({ status }) => status)).toEqual([200, 200]);
      await startRawBroker(port);
      const up = await Promise.all(
        times(40, (index) => ask(gateway.url, tokenFor('right', index))),
      );
      expect([...counted(down), ...counted(up)]).toEqual([
        ['UPSTREAM_UNAVAILABLE', 40],
        ['OK', 40],
      ]);
      return { answers: counted([...down, ...up]) };
    },
  );
});

test('while a broker comes and goes, each read is answered or has a code, and afterwards all are answered', async () => {
  const broker = await startRawBroker();
  const gateway = await startGateway({ env: settings(broker.port) });
  await measure(
    {
      sent: 'reads by 10 clients while the broker comes and goes ten times',
      gateway,
      brokerPorts: [broker.port],
    },
    async () => {
      let isOver = false;
      let sent = 0;
      const outcomes: string[] = [];
      const client = async () => {
        while (!isOver) {
          sent += 1;
          outcomes.push(await ask(gateway.url, tokenFor('right', sent)));
        }
      };
      const clients = times(10, client);
      for (let flap = 0; flap < 10; flap += 1) {
        await sleep(200);
        await broker.close();
        await sleep(200);
        await broker.open();
      }
      isOver = true;
      await Promise.all(clients);
      const answers = counted(outcomes);
      expect([...answers.keys()].toSorted()).toEqual(['OK', 'UPSTREAM_UNAVAILABLE']);
      const after = await Promise.all(
        times(40, (index) => ask(gateway.url, tokenFor('right', index))),
      );
      expect(counted(after)).toEqual(new Map([['OK', 40]]));
      return { answers, lost: outcomes.length === sent ? [] : [`${sent - outcomes.length} reads`] };
    },
  );
});

test('no token goes over a TLS connection that cannot be trusted, and the next one that can is used', async () => {
  const certificates = makeCertificates();
  const broker = await startTlsBroker();
  const gateway = await startGateway({
    env: {
      ...settings(broker.port),
      KITE_BASE_URL: `https://localhost:${broker.port}`,
      NODE_EXTRA_CA_CERTS: certificates.trusted,
    },
  });
  const outcomes: Record<string, string> = {};
  await measure(
    {
      sent: `8 reads and 8 logouts over each of: ${tlsManners.join(', ')}`,
      gateway,
      brokerPorts: [broker.port],
    },
    async () => {
      const all: string[] = [];
      for (const manner of tlsManners) {
        broker.turn(manner, certificates);
        const each = (query: string) =>
          times(8, (index) => ask(gateway.url, tokenFor('right', index), query));
        const answers = await Promise.all([...each(read), ...each(logout)]);
        outcomes[manner] = [...new Set(answers)].join();
        all.push(...answers);
      }
      return { answers: counted(all) };
    },
  );
  const failing = tlsManners.slice(0, -1).map((manner) => [manner, unavailable]);
  expect(outcomes).toEqual({ ...Object.fromEntries(failing), 'a good certificate': 'OK' });
  expect(broker.tokens).toBe(16);
});

test('a broker whose name is gone is unavailable, and a login at a broker with two hosts uses the other one', async () => {
  const simulator = await startSimulatorProcess({ SIMULATOR_RATE_LIMIT: '0' });
  const gateway = await startGateway({
    env: {
      ...brokerSettings(simulator, [
        { apiKey: 'simulator' },
        // With the portal's token: with a secret, the first host would have to make one.
        { broker: 'KOTAK', apiKey: 'simulator-kotak', accessToken: 'simulator-kotak-app-token' },
      ]),
      KITE_BASE_URL: 'http://kite.invalid',
      KOTAK_BASE_URLS: `http://kotak.invalid/kotak/apim,${simulator.url}/kotak/apim`,
    },
  });
  const begin = `mutation ($input: BeginLoginInput!) {
    result: beginLogin(input: $input) { __typename ... on ApiError { code } }
  }`;
  const input = { userId: 'SIMK01', password: 'SIMK01-password' };
  await measure(
    {
      sent: '8 reads and 8 logouts at a name that is gone, 10 logins with one of two hosts gone',
      gateway,
      brokerPorts: [simulator.port],
    },
    async () => {
      const each = (query: string) => times(8, (index) => ask(gateway.url, `a-${index}`, query));
      const gone = await Promise.all([...each(read), ...each(logout)]);
      const logins = await Promise.all(
        times(10, () => sendJson(gateway.url, { query: begin, variables: { input } })),
      );
      const begun = logins.map(
        ({ text }) => /"(?:code|__typename)":"(\w+)"/.exec(text)?.[1] ?? text,
      );
      // A resolver may also take its time to know nothing.
      expect(gone.filter((code) => code !== unavailable && code !== timeout)).toEqual([]);
      expect(counted(begun)).toEqual(new Map([['LoginChallenge', 10]]));
      return { answers: counted([...gone, ...begun]) };
    },
  );
});
