// A process that fills a store of browsers' sessions and measures it: how long a keyring takes to open among few and
// among many, and how long the clean-up of those that have expired holds up what comes meanwhile.
import { monitorEventLoopDelay } from 'node:perf_hooks';
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
import type { StoreTimes } from '../measures/stores.ts';
import { tell } from '../processes/messages.ts';

const [url = '', few = '', many = '', rounds = ''] = process.argv.slice(2);
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
const store = await openKeyringStore(url, now, () => elapsed, limits);
const encrypter = createEncrypter([generateKey()]);
const records = createEncryptedRecords(store, encrypter, () => undefined, limits);
const users = createUserSessions(store, encrypter, records, limits);
const keyrings = createKeyrings({ store, encrypter, now, limits });
const browsers: { readonly cookie: Secret; readonly id: string; readonly pointer: string }[] = [];

/** Lets days pass, on both clocks. */
function pass(days: number): void {
  time += days * day;
  elapsed += days * day;
}

/** Writes keyrings as logins do, past the front door. */
async function fill(count: number): Promise<void> {
  while (browsers.length < count) {
    const size = Math.min(batch, count - browsers.length);
    await Promise.all(Array.from({ length: size }, (_, index) => add(browsers.length + index)));
  }
}

const broker = 'KITE';

async function add(index: number): Promise<void> {
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

/** Microseconds of one opening, in each round. */
async function open(among: typeof browsers): Promise<readonly number[]> {
  const results: number[] = [];
  for (let round = 0; round <= Number(rounds); round += 1) {
    const begun = performance.now();
    for (let count = 0; count < openings; count += 1) {
      const keyring = await keyrings.open(any(among).cookie, null);
      if (keyring?.sessions.length !== sessions) throw new Error('A keyring did not open');
    }
    // The first round warms up.
    if (round > 0) results.push(((performance.now() - begun) * 1_000) / openings);
  }
  return results;
}

/** Milliseconds that calls took, sorted; and the longest time for which the event loop stood still. */
async function call(live: typeof browsers): Promise<StoreTimes['calm']> {
  const times: number[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let count = 0; count < calls; count += 1) {
    const { cookie, id, pointer } = any(live);
    const begun = performance.now();
    if (count % 2) await store.touchPointer(pointer, id, time + limits.keyringIdleDays * day);
    else await keyrings.open(cookie, null);
    times.push(performance.now() - begun);
  }
  delay.disable();
  times.sort((one, other) => one - other);
  return {
    p50: times[times.length >> 1] ?? 0,
    p99: times[Math.floor(times.length * 0.99)] ?? 0,
    longest: times.at(-1) ?? 0,
    loop: delay.max / 1e6,
  };
}

function any<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('There is none');
  return item;
}

await fill(Number(few));
const amongFew = await open(browsers);
await fill(Number(many) / 2);
const half = browsers.length;
pass(4);
// The clock has to have been sound for a while before anything is deleted.
await store.touchPointer('none', 'none', 0);
await fill(Number(many));
const live = browsers.slice(half);
// Those whose use is not due to be written down: as among few.
const amongMany = await open(live);
pass(0.5);
const calm = await call(live);
pass(2.6);
const sweeping = await call(live);
const result: StoreTimes = { few: amongFew, many: amongMany, calm, sweeping };
tell(result);
await keyrings.settled();
await store.close();
process.exit();
