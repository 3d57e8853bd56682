// `sessions rotate-keys`: everything in the store is encrypted anew with the first key, so that the others can go. Each
// change names what it replaces, so that gateways go on meanwhile; what is done stays done where it is broken off.

import { everyPage } from '../keyring/census/every-keyring.ts';
import { isChallenge, rotateChallenge } from '../keyring/crypto/encrypted-challenges.ts';
import { deliveryBinding } from '../keyring/crypto/encrypted-deliveries.ts';
import { revocationBinding } from '../keyring/crypto/encrypted-revocations.ts';
import { decryptPointer, encryptPointer } from '../keyring/crypto/pointers.ts';
import { endOf } from '../keyring/keyring-opener.ts';
import {
  type DueList,
  dueLists,
  type StoredRevocation,
} from '../keyring/stores/revocation-list.ts';
import type { Limits } from '../limits.ts';
import type { OpenSessions } from './open-sessions.ts';
import { createProgress, type Output } from './output.ts';

/** What the texts of a list are bound to. */
const bindings = { revocations: revocationBinding, deliveries: deliveryBinding } as const;

/** How many of one kind. */
interface Count {
  /** Encrypted with the first key now. */
  rotated: number;
  /** Encrypted with it before. */
  current: number;
  /** Not encrypted with it: a later run may do it, or none can. */
  left: number;
}

/** Rotates. @returns whether nothing is left that needs another key than the first. */
export async function rotateKeys(sessions: OpenSessions, output: Output): Promise<boolean> {
  const counts = {
    sessions: newCount(),
    challenges: newCount(),
    cookies: newCount(),
    revocations: newCount(),
    deliveries: newCount(),
  };
  let lastEnd = 0;
  const progress = createProgress(output, 'browsers, logins, cookies, revocations and events done');
  let done = 0;
  const step = () => {
    done += 1;
    progress(done);
  };

  const { listing, store, encrypter } = sessions;
  for await (const ids of everyPage((after, count) => listing.keyrings(after, count))) {
    for (const id of ids) {
      if (isChallenge(id)) {
        const outcome = await rotateChallenge(store, encrypter, id);
        if (outcome !== 'gone') counts.challenges[outcome] += 1;
      } else await rotateKeyring(sessions, id, counts.sessions);
      step();
    }
  }
  for await (const names of everyPage((after, count) => listing.pointers(after, count))) {
    for (const name of names) {
      const endsAt = await rotatePointer(sessions, name, counts.cookies);
      lastEnd = Math.max(lastEnd, endsAt);
      step();
    }
  }
  for (const list of dueLists) {
    for await (const found of everyPage((after, count) => listing.due(list, after, count))) {
      for (const entry of found) {
        await rotateEntry(sessions, list, entry, counts[list]);
        step();
      }
    }
  }
  await store.proveWrite(1);

  const isComplete = Object.values(counts).every(({ left }) => left === 0);
  const summary = Object.entries(counts).map(
    ([what, { rotated, current, left }]) =>
      `${what}: ${rotated} encrypted anew, ${current} were already, ${left} left.`,
  );
  const outcome = isComplete ? 'completed' : 'incomplete';
  sessions.audit.write({ event: 'key-rotation', outcome });
  const oldKeysUntil = lastEnd === 0 ? null : new Date(lastEnd).toISOString();
  await output.result({ outcome, ...counts, oldKeysUntil }, summary.join('\n'));
  output.note(advice(isComplete, counts.cookies.left, oldKeysUntil, sessions.limits));
  return isComplete;
}

function newCount(): Count {
  return { rotated: 0, current: 0, left: 0 };
}

function advice(
  isComplete: boolean,
  cookiesLeft: number,
  until: string | null,
  { pendingLoginSeconds }: Limits,
): string {
  if (isComplete) {
    const minutes = Math.ceil(pendingLoginSeconds / 60);
    return `Everything in the store is encrypted with the first of KEYRING_KEYS. Logins that browsers have begun are in their cookies: once every gateway has had that key first for ${minutes} minutes, remove the other keys from every gateway.`;
  }
  return cookiesLeft > 0 && until !== null
    ? `Keep the other keys: ${cookiesLeft} cookies of an earlier version need them until ${until}, or their next login.`
    : 'Keep the other keys and run this again: something is left that they may open.';
}

async function rotateKeyring(sessions: OpenSessions, id: string, count: Count): Promise<void> {
  const { store, records, users, encrypter, limits } = sessions;
  /** Rows counted in an earlier try. */
  const counted = new Set<string>();
  for (let tries = 0; tries < limits.storeTries; tries += 1) {
    // As it is now: a gateway may have written meanwhile.
    const keyring = await store.openKeyring(id);
    if (keyring === null) return;
    const texts = new Map(keyring.records.map(({ key, encrypted }) => [key, encrypted]));
    const isCurrent = (key: string) => encrypter.isCurrent(texts.get(key) ?? '');
    const entries = records.decrypt(id, keyring.records);
    const stale = entries.filter(({ record: { key } }) => !isCurrent(key));
    if (tries === 0) {
      count.current += entries.length - stale.length;
      count.left += keyring.records.length - entries.length;
    }
    if (stale.length === 0) return;
    const next = stale.map(({ record, version }) => {
      return { record: { ...record, indexName: users.nameOf(record) }, version };
    });
    const noted = next.map(({ record }) => record);
    await users.note(id, noted, endOf(keyring, limits));
    const outcomes = await records.write(id, next);
    for (const [index, { record }] of next.entries()) {
      if (outcomes[index] !== 'written' || counted.has(record.key)) continue;
      counted.add(record.key);
      count.rotated += 1;
    }
    if (outcomes.every((outcome) => outcome === 'written')) return;
  }
  count.left += 1;
}

/** Rotates an entry of a list. One that is gone has ended. */
async function rotateEntry(
  { listing, encrypter }: OpenSessions,
  list: DueList,
  { id, encrypted }: StoredRevocation,
  count: Count,
): Promise<void> {
  if (encrypter.isCurrent(encrypted)) {
    count.current += 1;
    return;
  }
  const text = encrypter.rotated(bindings[list](id), encrypted);
  if (text === null) count.left += 1;
  else if (await listing.replaceDue(list, id, encrypted, text)) count.rotated += 1;
}

/** @returns when a pointer ends that needs its key until then; 0 where it needs another key no more. */
async function rotatePointer(
  { store, listing, encrypter }: OpenSessions,
  name: string,
  count: Count,
): Promise<number> {
  const pointer = await store.findPointer([name]);
  if (pointer === null) return 0;
  if (encrypter.isCurrent(pointer.target)) {
    count.current += 1;
    return 0;
  }
  const target = decryptPointer(encrypter, pointer);
  const { keyringId, cookieHash } = target ?? { keyringId: '', cookieHash: null };
  if (cookieHash === null) {
    count.left += 1;
    return pointer.expiresAt;
  }
  const next = encryptPointer(encrypter, { keyringId, cookieHash });
  const renamed = { name: next.name, encrypted: next.target };
  // One that is gone, or leads elsewhere, was replaced by a login.
  if (await listing.replacePointer(name, pointer.target, renamed)) count.rotated += 1;
  return 0;
}
