// /ready: whether a load balancer may send browsers here; /health: whether the process answers at all.
import { expect, test } from 'vitest';
import type { Clock } from '../../src/brokers/upstream/clock.ts';
import { createGateway, KeyringStoreError } from '../../src/index.ts';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';

/** A gateway whose store, audit log, clock and stop the test holds. */
function held() {
  const state = { isDown: false, proofs: 0, milliseconds: 0, fault: null as string | null };
  const stopping = new AbortController();
  const store = createMemoryStore(() => new Date());
  const clock: Clock = {
    milliseconds: () => state.milliseconds,
    wait: () => new Promise<void>(() => undefined),
  };
  const proveWrite = store.proveWrite.bind(store);
  const keyringStore = Object.assign(store, {
    async proveWrite(bytes: number) {
      state.proofs += 1;
      if (state.isDown) throw new KeyringStoreError('SQLITE_FULL');
      await proveWrite(bytes);
    },
  });
  const gateway = createGateway({
    keyringStore,
    auditLog: {
      write: () => undefined,
      get fault() {
        return state.fault;
      },
    },
    stopping: stopping.signal,
    clock,
  });
  const ask = async (path: string) => {
    const response = await gateway.fetch(`http://localhost:4000${path}`);
    return [response.status, await response.json()];
  };
  return { state, stopping, ask, dispose: () => gateway.dispose() };
}

const ready = [200, { status: 'ok' }];
const notReady = (...reasons: string[]) => [503, { status: 'not ready', reasons }];

test('is ready while the store takes writes, which many checks prove by one write', async () => {
  const { state, ask, dispose } = held();
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask('/ready')));
  expect(answers).toEqual(Array(50).fill(ready));
  expect(state.proofs).toBe(1);
  state.milliseconds += 999;
  expect(await ask('/ready')).toEqual(ready);
  expect(state.proofs).toBe(1);
  state.milliseconds += 1;
  expect(await ask('/ready')).toEqual(ready);
  expect(state.proofs).toBe(2);
  await dispose();
});

test('is not ready while the store takes no writes, and ready again when it does', async () => {
  const { state, ask, dispose } = held();
  state.isDown = true;
  expect(await ask('/ready')).toEqual(notReady('keyring-store'));
  expect(await ask('/health')).toEqual(ready);
  state.isDown = false;
  state.milliseconds += 1_000;
  expect(await ask('/ready')).toEqual(ready);
  await dispose();
});

test('names every reason: a stop that has begun, and an audit log that cannot be written', async () => {
  const { state, stopping, ask, dispose } = held();
  state.fault = 'ENOSPC';
  expect(await ask('/ready')).toEqual(notReady('audit-log'));
  stopping.abort();
  expect(await ask('/ready')).toEqual(notReady('stopping', 'audit-log'));
  expect(await ask('/health')).toEqual(ready);
  await dispose();
});
