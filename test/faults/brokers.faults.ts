// Every fault of the simulated brokers on every call, alone and mixed under load, through one gateway.
import { expect, test } from 'vitest';
import { faultKinds } from '../../src/simulator/faults/fault.ts';
import { expectedOf, type FaultKind } from './brokers/broker-answers.ts';
import { type Endpoint, type EndpointWorld, endpoints, kotakUsers } from './brokers/endpoints.ts';
import { brokerSettings, startGateway, startSimulatorProcess } from './gateways/processes.ts';
import { sendJson } from './gateways/sender.ts';
import { counted, measure, ordinaryUser } from './report/measure.ts';

async function startWorld(env: Readonly<Record<string, string>> = {}) {
  const simulator = await startSimulatorProcess({
    SIMULATOR_RATE_LIMIT: '0',
    SIMULATOR_ACCOUNTS: '1000',
  });
  const gateway = await startGateway({
    env: {
      ...brokerSettings(simulator),
      KITE_TIMEOUT_MS: '5000',
      LIMIT_REFUSED_CREDENTIAL_SECONDS: '0',
      LIMIT_ADDRESS_OPERATIONS_PER_MINUTE: '1000000',
      ...env,
    },
  });
  return { simulator, gateway, url: gateway.url };
}

/** A fault of a kind, as far as it depends on the call. */
function faultOf(kind: FaultKind, { broker, needed }: Endpoint): object {
  if (kind === 'delay') return { kind, delayMilliseconds: 50 };
  if (kind === 'missing-fields') return { kind, fields: needed };
  if (kind !== 'error-envelope') return { kind };
  return broker === 'Kite'
    ? { kind, status: 403, errorType: 'PermissionException', message: 'Not allowed.' }
    : { kind, status: 403, code: 999003, message: 'You are not authorized' };
}

/** Prepares a call, and puts its fault in force for as many calls as are due: one more of them would succeed. */
async function arrange(world: EndpointWorld, endpoint: Endpoint, kind: FaultKind, user: string) {
  const { simulator } = world;
  const { method, path, nextPath, isOfUser = true } = endpoint;
  const go = await endpoint.prepare(user, world);
  const [, calls] = expectedOf(endpoint, kind);
  const paths = nextPath !== undefined && calls > 1 ? [path, nextPath] : [path];
  for (const each of paths) {
    const scope = { method, path: each, ...(isOfUser && { userId: user }) };
    await simulator.fault({ ...faultOf(kind, endpoint), ...scope, times: calls / paths.length });
  }
  return go;
}

const kiteUser = (number: number) => `SIM${String(number).padStart(4, '0')}`;

test('every fault of a broker on every call is answered with its code; reads are repeated once at most, and writes never', async () => {
  const world = await startWorld();
  const { simulator, gateway } = world;
  const outcomes = new Map<string, string>();
  const suffer = async (endpoint: Endpoint, kind: FaultKind, user: string) => {
    const go = await arrange(world, endpoint, kind, user);
    outcomes.set(`${endpoint.name}, ${kind}`, await go());
  };
  const ofKite = endpoints.filter(({ broker }) => broker === 'Kite');
  const ofKotak = endpoints.filter(({ broker }) => broker === 'Kotak');
  const kite = () =>
    ofKite.flatMap((endpoint, row) =>
      faultKinds.map((kind, column) =>
        suffer(endpoint, kind, kiteUser(100 + row * faultKinds.length + column)),
      ),
    );
  const kotak = async () => {
    // One after another, because they are calls of the same few users; what hangs hangs together.
    const hanging: (() => Promise<void>)[] = [];
    for (const endpoint of ofKotak) {
      for (const kind of faultKinds) {
        const isTogether = kind === 'hang' && endpoint.isOfUser !== false;
        if (isTogether) continue;
        await suffer(endpoint, kind, userFor(endpoint));
      }
    }
    for (const endpoint of ofKotak.filter(({ isOfUser }) => isOfUser !== false)) {
      const user = endpoint.name === 'init' ? kotakUsers.elsewhere : userFor(endpoint);
      const go = await endpoint.prepare(user, world);
      hanging.push(async () => {
        await arrange(world, { ...endpoint, prepare: async () => go }, 'hang', user);
        outcomes.set(`${endpoint.name}, hang`, await go());
      });
    }
    await Promise.all(hanging.map((hang) => hang()));
  };
  await measure(
    {
      sent: `each of ${faultKinds.length} faults on each of ${endpoints.length} calls`,
      gateway,
      brokerPorts: [simulator.port],
      user: ordinaryUser(gateway.url),
    },
    async () => {
      await Promise.all([...kite(), kotak()]);
      return { answers: counted(outcomes.values()) };
    },
  );
  const expected = endpoints.flatMap((endpoint) =>
    faultKinds.map((kind) => [`${endpoint.name}, ${kind}`, expectedOf(endpoint, kind)[0]]),
  );
  expect(Object.fromEntries(outcomes)).toEqual(Object.fromEntries(expected));
  // A fault that is left was for a call that was not made.
  expect(await simulator.control('GET', 'faults')).toEqual({ faults: [] });
  const writes = (await simulator.calls()).filter(({ method }) => method !== 'GET');
  const logouts = writes.filter(({ method }) => method === 'DELETE');
  expect(logouts.filter(({ userId }) => userId?.startsWith('SIM0'))).toHaveLength(
    faultKinds.length,
  );
});

function userFor({ name }: Endpoint): string {
  return name === 'no code' ? kotakUsers.withoutCode : kotakUsers.withCode;
}

/** Users with faults, one kind each on every call, and users whose broker is well. */
const troubled = { from: 300, count: 10 * faultKinds.length };
const well = { from: 600, count: 200 };

test('under load, with every fault at once, each account has its own data or a code, and those without a fault are all right', async () => {
  const world = await startWorld({ KITE_TIMEOUT_MS: '4000', LIMIT_UPSTREAM_CALLS: '1024' });
  const { simulator, gateway, url } = world;
  const kinds = faultKinds.filter((kind) => kind !== 'too-many-requests');
  const profile = endpoints.find(({ name }) => name === 'profile') as Endpoint;
  for (let index = 0; index < troubled.count; index += 1) {
    const kind = kinds[index % kinds.length] ?? 'hang';
    await simulator.fault({ ...faultOf(kind, profile), userId: kiteUser(troubled.from + index) });
  }
  const lost: string[] = [];
  const answers: string[] = [];
  let asked = 0;
  const pick = (group: typeof well) =>
    Array.from({ length: 5 }, () => kiteUser(group.from + (asked++ % group.count)));
  const query = '{ accounts { user { userId email } margins { equity { net } } } }';
  const client = async () => {
    for (let turn = 0; turn < 12; turn += 1) {
      const ids = [...pick(troubled), ...pick(well)];
      const authorization = ids.map((id) => `token simulator:${id}-token`).join(', ');
      const { text } = await sendJson(url, { query, headers: { authorization } });
      const { data, errors = [] } = JSON.parse(text) as Answer;
      for (const [index, id] of ids.entries()) {
        const { user, margins } = data.accounts[index] ?? {};
        const codes = errors
          .filter(({ path }) => path[1] === index)
          .map(({ extensions }) => extensions.code);
        const isWhole = user?.userId === id && margins?.equity != null;
        answers.push(isWhole ? 'whole account' : (codes[0] ?? 'nothing'));
        if (user != null && user.userId !== id) lost.push(`${id} got ${user.userId}`);
        if (!isWhole && codes.length === 0) lost.push(`${id} got nothing and no code`);
        if (!isWhole && index >= 5) lost.push(`${id}, which has no fault: ${codes}`);
      }
    }
  };
  await measure(
    {
      sent: `16 clients, 12 queries of 10 accounts each, half of them with one of ${kinds.length} faults`,
      gateway,
      brokerPorts: [simulator.port],
      user: ordinaryUser(url),
    },
    async () => {
      await Promise.all(Array.from({ length: 16 }, client));
      return { answers: counted(answers), lost: [...new Set(lost)].slice(0, 10) };
    },
  );
});

interface Answer {
  readonly data: {
    readonly accounts: readonly {
      readonly user?: { readonly userId: string } | null;
      readonly margins?: { readonly equity: object | null } | null;
    }[];
  };
  readonly errors?: readonly {
    readonly path: readonly (string | number)[];
    readonly extensions: { readonly code: string };
  }[];
}
