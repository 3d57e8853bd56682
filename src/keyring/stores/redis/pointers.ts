// Pointers in Redis, and what they do to keyrings: each method is one script where all keys are on one server.
import { z } from 'zod';
import {
  type CheckedPointer,
  KeyringStoreError,
  type NewPointer,
  type NewText,
  type StoredPointer,
} from '../store.ts';
import type { RunScript } from './connection.ts';
import * as scripts from './scripts.ts';
import { keyringKey, pointerKey } from './scripts.ts';

/** The methods of a store that read or write a pointer and another key. */
export interface RedisPointers {
  find(names: readonly string[]): Promise<StoredPointer | null>;
  check(names: readonly string[], keyringId: string): Promise<CheckedPointer | null>;
  write(pointer: NewPointer, keyringId: string): Promise<boolean>;
  touch(name: string, keyringId: string, expiresAt: number): Promise<void>;
  replace(name: string, target: string, next: NewText): Promise<boolean>;
}

/** A whole number as Redis sends it. */
export const number = z.string().regex(/^\d+$/).transform(Number);
const pointerFields = [z.number(), z.string(), number, z.enum(['0', '1'])] as const;
const pointerReply = z.tuple(pointerFields).nullable();
const checkReply = z.tuple([...pointerFields, number.nullable()]).nullable();

/** Pointers on one server. @param mayPurge `1` where what has expired may be deleted for good. */
export function createServerPointers(run: RunScript, mayPurge: () => string): RedisPointers {
  return {
    async find(names) {
      const found = parsed(pointerReply, await run(scripts.findPointer, names.map(pointerKey)));
      return found && pointerOf(names, found);
    },
    async check(names, keyringId) {
      const keys = [...names.map(pointerKey), keyringKey(keyringId)];
      const found = parsed(checkReply, await run(scripts.checkPointer, keys));
      const pointer = found && pointerOf(names, found);
      return pointer && { pointer, revision: found[4] };
    },
    async write({ name, target, expiresAt }, keyringId) {
      const keys = [pointerKey(name), keyringKey(keyringId)];
      return (await run(scripts.writePointer, keys, [target, expiresAt])) === 1;
    },
    async touch(name, keyringId, expiresAt) {
      const keys = [pointerKey(name), keyringKey(keyringId)];
      await run(scripts.touchPointer, keys, [mayPurge(), expiresAt]);
    },
    async replace(name, target, next) {
      const keys = [pointerKey(name), pointerKey(next.name)];
      return (await run(scripts.replacePointer, keys, [target, next.encrypted])) === 1;
    },
  };
}

function pointerOf(
  names: readonly string[],
  [place, target, expiresAt, retired]: readonly [number, string, number, '0' | '1', ...unknown[]],
): StoredPointer | null {
  const name = names[place - 1];
  return name === undefined ? null : { name, target, expiresAt, retired: retired === '1' };
}

/** The answer of Redis, if it has the form of these scripts: any other data is not the gateway's. */
export function parsed<Value>(shape: z.ZodType<Value>, reply: unknown): Value {
  const result = shape.safeParse(reply);
  if (!result.success) throw new KeyringStoreError();
  return result.data;
}
