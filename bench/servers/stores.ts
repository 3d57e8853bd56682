// A process that fills a store of browsers' sessions and measures it: how long a keyring takes to open among few and
// among many, and how long the clean-up of those that have expired holds up what comes meanwhile.
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { createEncryptedRecords } from '../../src/keyring/crypto/encrypted-records.ts';
import { createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { newCookie, newId, rowKeys } from '../../src/keyring/crypto/names.ts';
import { encryptPointer } from '../../src/keyring/crypto/pointers.ts';
import { createKeyrings } from '../../src/keyring/keyrings.ts';
import { loggedIn } from '../../src/keyring/login.ts';
import { day } from '../../src/keyring/policy.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { createUserSessions } from '../../src/keyring/user-sessions.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import type { CallTimes, StoreTimes } from '../measures/stores.ts';
import { tell } from '../processes/messages.ts';

const [fewUrl = '', manyUrl = '', few = '', many = '', rounds = ''] = process.argv.slice(2);
const sessions = 5;
const apiKey = 'benchapikey';
/** Keyrings that are written at once. */
const batch = 500;
/** Openings in a round, and calls during the clean-up. */
const [openings, calls] = [400, 3_000];

let time = Date.now();
let elapsed = 0;
const now = () => new Date(time);
const limits = withDefaultLimits({ cachedKeyrings: 0 });
const encrypter = createEncrypter([generateKey()]);

interface Browser {
  readonly cookie: Secret;
  readonly id: string;
  readonly pointer: string;
}
type Place = Awaited<ReturnType<typeof openPlace>>;

/** Opens a store with its browsers. */
async function openPlace(url: string) {
  const store = await openKeyringStore(url, now, () => elapsed, limits);
  const records = createEncryptedRecords(store, encrypter, () => undefined, limits);
  const users = createUserSessions(store, encrypter, records, limits, () => true);
  const keyrings = createKeyrings({ store, encrypter, now, limits });
  const browsers: Browser[] = [];
  return { url, store, records, users, keyrings, browsers };
}

/** Lets days pass, on both clocks. */
function pass(days: number): void {
  time += days * day;
  elapsed += days * day;
}

/** Writes keyrings as logins do, past the front door. */
async function fill(place: Place, count: number): Promise<void> {
  const { browsers } = place;
  while (browsers.length < count) {
    const size = Math.min(batch, count - browsers.length);
    const first = browsers.length;
    await Promise.all(Array.from({ length: size }, (_, index) => add(place, first + index)));
  }
}

const broker = 'KITE';

async function add({ store, records, users, browsers }: Place, index: number): Promise<void> {
  const id = newId();
  const createdAt = time;
  const expiresAt = createdAt + limits.keyringIdleDays * day;
  await store.createKeyring({ id, createdAt, expiresAt });
  const own = Array.from({ length: sessions }, (_, number) => {
    const userId = `USER${index * sessions + number}`;
    const [key] = rowKeys(encrypter, id, { broker, apiKey }, userId);
    const token = newId();
    const session = {
      accessToken: new Secret(token),
      publicToken: new Secret(token),
      refreshToken: null,
      loginTime: now(),
      userId,
      baseUrl: null,
      profile: null,
      keptProfile: null,
      authenticationMethods: [],
    };
    const indexName = users.nameOf({ broker, userId });
    return loggedIn(key, { broker, apiKey, session }, null, null, now(), indexName);
  });
  await users.note(id, own, new Date(createdAt + limits.keyringDays * day));
  await records.write(
    id,
    own.map((record) => ({ record, version: null })),
  );
  const { cookie, cookieHash } = newCookie();
  const pointer = encryptPointer(encrypter, { keyringId: id, cookieHash });
  await store.writePointer({ ...pointer, expiresAt }, id);
  browsers.push({ cookie, id, pointer: pointer.name });
}

/**
 * Microseconds of one opening, in each round: among few and among many in turn, so that both meet the same machine. Each
 * of them is first in every other round: what the one leaves behind, the other meets.
 */
async function open(places: readonly (readonly [Place, readonly Browser[]])[]) {
  const results: number[][] = places.map(() => []);
  for (let round = 0; round <= Number(rounds); round += 1) {
    const order = [...places.entries()];
    for (const [index, [{ keyrings }, browsers]] of round % 2 ? order.toReversed() : order) {
      const begun = performance.now();
      for (let count = 0; count < openings; count += 1) {
        const keyring = await keyrings.open(any(browsers).cookie, null);
        if (keyring?.sessions.length !== sessions) throw new Error('A keyring did not open');
      }
      // The first round warms up.
      if (round > 0) results[index]?.push(((performance.now() - begun) * 1_000) / openings);
    }
  }
  return results;
}

/** Milliseconds that calls took, and for which the event loop and the garbage collector stopped all else. */
async function call({ store, keyrings }: Place, live: readonly Browser[]): Promise<CallTimes> {
  // What was left behind before is not to be collected meanwhile.
  await keyrings.settled();
  globalThis.gc?.();
  await setImmediate();
  const pauses: number[] = [];
  const collections = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pauses.push(duration);
  });
  collections.observe({ type: 'gc' });
  const times: number[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let count = 0; count < calls; count += 1) {
    const { cookie, id, pointer } = any(live);
    const begun = performance.now();
    if (count % 2) await store.touchPointer(pointer, id, time + limits.keyringIdleDays * day);
    else await keyrings.open(cookie, null);
    times.push(performance.now() - begun);
    // As requests do, each begins in a turn of its own.
    await setImmediate();
  }
  delay.disable();
  await setImmediate();
  collections.disconnect();
  times.sort((one, other) => one - other);
  return {
    p50: times[times.length >> 1] ?? 0,
    p99: times[Math.floor(times.length * 0.99)] ?? 0,
    longest: times.at(-1) ?? 0,
    loop: delay.max / 1e6,
    collection: Math.max(0, ...pauses),
  };
}

function any<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('There is none');
  return item;
}

/** Redis goes by its own clock: what has expired by ours is let expire there, within two seconds. */
async function expireInRedis(url: string): Promise<void> {
  const client = await createClient({ url }).connect();
  const script = `
    local page = redis.call('SCAN', ARGV[1], 'COUNT', 1000)
    for _, key in ipairs(page[2]) do
      if redis.call('PTTL', key) < tonumber(ARGV[2]) then
        redis.call('PEXPIRE', key, 1 + math.random(2000))
      end
    end
    return page[1]`;
  const expired = `${time - startedAt}`;
  for (let cursor = ''; cursor !== '0'; ) {
    cursor = `${await client.eval(script, { arguments: [cursor || '0', expired] })}`;
  }
  client.destroy();
}

const startedAt = time;
const small = await openPlace(fewUrl);
const large = await openPlace(manyUrl);
await fill(large, Number(many) / 2);
const half = large.browsers.length;
pass(4);
// The clock has to have been sound for a while before anything is deleted.
await large.store.touchPointer('none', 'none', 0);
await fill(large, Number(many));
await fill(small, Number(few));
const live = large.browsers.slice(half);
const [amongFew = [], amongMany = []] = await open([
  [small, small.browsers],
  [large, live],
]);
pass(0.5);
const calm = await call(large, live);
pass(2.6);
if (manyUrl.startsWith('redis')) await expireInRedis(manyUrl);
const sweeping = await call(large, live);
const result: StoreTimes = { few: amongFew, many: amongMany, calm, sweeping };
tell(result);
for (const { keyrings, store } of [small, large]) {
  await keyrings.settled();
  await store.close();
}
process.exit();
