// Every fault of the simulated brokers on every call, alone and mixed under load, through one gateway.
import { expect, test } from 'vitest';
import { faultKinds } from '../../src/simulator/faults/fault.ts';
import { expectedOf, type FaultKind } from './broker-answers.ts';
import { type Endpoint, type EndpointWorld, endpoints, kotakUsers } from './endpoints.ts';
import { counted, measure, ordinaryUser } from './measure.ts';
import { brokerSettings, startGateway, startSimulatorProcess } from './processes.ts';

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
