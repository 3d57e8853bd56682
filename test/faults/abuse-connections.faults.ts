// What broken and hostile peers can do with connections. A user beside them must notice nothing but a bounded wait, the
// process must go on, and its memory and handles must come back.
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'vitest';
import { startGatewayProcess } from './gateways/gateway-process.ts';
import {
  closeAll,
  connectSilently,
  inventedCredentials,
  manyErrors,
  requestBytes,
  times,
} from './gateways/sender.ts';

const ownKey = () => 'simulator';

test('peers that never read are cut off, and their answers are not kept', async () => {
  const gateway = await startGatewayProcess();
  const bytes = requestBytes(manyErrors, { authorization: 'token simulator:SIM0002-token' });
  await gateway.during('200 such requests whose senders never read', async () => {
    const sockets = connectSilently(gateway.port, 200, bytes);
    await sleep(15_000);
    const closed = sockets.filter((socket) => socket.destroyed).length;
    closeAll(sockets);
    return new Map([['sent, never read', sockets.length - closed]]);
  });
});

test('subscriptions of invented tokens are bounded', async () => {
  const gateway = await startGatewayProcess();
  const operation = { query: 'subscription { marginsChanged { account { id } } }' };
  await gateway.during('21 subscriptions over 950 invented tokens each', async () => {
    const bytes = () =>
      requestBytes(operation, {
        accept: 'text/event-stream',
        authorization: inventedCredentials(950, ownKey),
      });
    const sockets = times(21, bytes).flatMap((each) => connectSilently(gateway.port, 1, each));
    for (const socket of sockets) socket.resume();
    await sleep(15_000);
    closeAll(sockets);
    return new Map([['stream', sockets.length]]);
  });
});

test('slow senders do not keep connections for ever', async () => {
  const gateway = await startGatewayProcess();
  await gateway.during('300 peers that send a byte a second, or nothing', async () => {
    const sockets = connectSilently(gateway.port, 300, 'POST /graphql HTTP/1.1\r\nHost: localho');
    for (let second = 0; second < 10; second += 1) {
      for (const socket of sockets.slice(0, 150)) if (socket.writable) socket.write('s');
      await sleep(1_000);
    }
    closeAll(sockets);
    return new Map([['connection', sockets.length]]);
  });
});

test('clients that vanish leave nothing behind', async () => {
  const gateway = await startGatewayProcess();
  const bytes = requestBytes(
    { query: '{ accounts { user { userId } margins { equity { net } } } }' },
    { authorization: inventedCredentials(50, ownKey) },
  );
  await gateway.during('1,000 requests whose senders vanish', async () => {
    for (let round = 0; round < 20; round += 1) {
      const sockets = connectSilently(gateway.port, 50, bytes);
      await sleep(100);
      closeAll(sockets);
    }
    return new Map([['vanished', 1_000]]);
  });
});
