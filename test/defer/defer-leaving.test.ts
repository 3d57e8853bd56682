// @defer and a client that goes away before the last part: what only it wanted stops.
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { allOf, askInParts, fragmentsOf } from '../support/parts.ts';
import { readableLog } from '../support/readable-log.ts';
import { startWorld, tokens } from '../support/world.ts';
import { serveBytes } from '../upstream/raw-server.ts';

const log = readableLog();
const world = await startWorld({ logger: log.logger });

beforeEach(async () => {
  log.lines.length = 0;
  await world.reset();
});

const who = graphql(`query LeavingWho { account { apiKey ... @defer { user { userId } } } }`);

describe('a client that leaves between two parts', () => {
  test('ends the calls that only it waited for, and the line about it', async () => {
    const { lines, logger, operations } = readableLog();
    const kite = await serveBytes(() => {});
    const { url } = await startWorld({ kiteBaseUrl: kite.url, logger });
    const clients = [new AbortController(), new AbortController()];
    const answers = await Promise.all(
      clients.map(({ signal }) =>
        askInParts(url, who, { authorization: tokens('SIM0001'), signal }),
      ),
    );
    for (const { parts } of answers) expect((await parts.next()).value?.hasNext).toBe(true);
    clients[0]?.abort();
    // The first has left once its line is written; the second still waits for the same call.
    await expect.poll(() => operations().length).toBe(1);
    expect(kite.sockets).toHaveLength(1);
    expect(kite.sockets[0]?.destroyed).toBe(false);
    clients[1]?.abort();
    await expect.poll(() => kite.sockets[0]?.destroyed).toBe(true);
    await expect.poll(() => operations().length).toBe(2);
    expect(lines).toHaveLength(2);
  });

  test('leaves another’s answer alone', async () => {
    await world.fault({ kind: 'delay', delayMilliseconds: 500, times: 1 });
    const authorization = tokens('SIM0001');
    const leaver = new AbortController();
    const left = await askInParts(world.url, who, { authorization, signal: leaver.signal });
    await left.parts.next();
    await expect.poll(() => world.arrived()).toBe(1);
    const stayed = await askInParts(world.url, who, { authorization });
    await stayed.parts.next();
    leaver.abort();
    await expect.poll(() => log.operations().length).toBe(1);
    expect(fragmentsOf(await allOf(stayed.parts))).toEqual([
      { path: ['account'], data: { user: { userId: 'SIM0001' } } },
    ]);
    expect((await world.calls()).map(({ status }) => status)).toEqual([200]);
  });

  test('has left, too, where a server of another kind only drops the body', async () => {
    const { logger, operations } = readableLog();
    const kite = await serveBytes(() => {});
    const { gateway, url } = await startWorld({ kiteBaseUrl: kite.url, logger });
    const response = await gateway.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: tokens('SIM0001') },
      body: JSON.stringify({ query: who.toString() }),
    });
    await expect.poll(() => kite.sockets.length).toBe(1);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await expect.poll(() => kite.sockets[0]?.destroyed).toBe(true);
    expect(operations()).toHaveLength(1);
  });

  test('before the first part, leaves nothing behind', async () => {
    const { logger, operations } = readableLog();
    const kite = await serveBytes(() => {});
    const { url } = await startWorld({ kiteBaseUrl: kite.url, logger });
    const client = new AbortController();
    const asked = askInParts(
      url,
      graphql(`
        query SlowFirst { account { user { userId } ... @defer { margins { equity { net } } } } }
      `),
      { authorization: tokens('SIM0001'), signal: client.signal },
    ).catch(() => 'gone');
    await expect.poll(() => kite.sockets.length).toBe(2);
    client.abort();
    expect(await asked).toBe('gone');
    const begun = kite.sockets.slice(0, 2);
    await expect.poll(() => begun.every(({ destroyed }) => destroyed)).toBe(true);
    await expect.poll(() => operations().length).toBe(1);
  });
});
