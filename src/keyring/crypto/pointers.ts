// What a pointer's target says, which only the keys can read: the keyring, and the hash of the cookie, so that the pointer
// can get a name under another key.
import { z } from 'zod';
import type { StoredPointer } from '../stores/store.ts';
import type { Binding, Encrypter } from './encrypter.ts';
import { pointerNames } from './names.ts';

/** Where a pointer leads. */
export interface PointerTarget {
  readonly keyringId: string;
  /** The hash of the cookie; null in a pointer of an earlier version, which did not keep it. */
  readonly cookieHash: string | null;
}

const shape = z.union([
  z.string().transform((keyringId): PointerTarget => ({ keyringId, cookieHash: null })),
  z.object({ keyringId: z.string(), cookieHash: z.string() }),
]);

/** What the target of a pointer is bound to. */
function bindingOf(name: string): Binding {
  return ['pointer', name];
}

/** The name and the target of a pointer, under the first key. */
export function encryptPointer(
  encrypter: Encrypter,
  { keyringId, cookieHash }: { readonly keyringId: string; readonly cookieHash: string },
): Pick<StoredPointer, 'name' | 'target'> {
  const [name] = pointerNames(encrypter, cookieHash);
  return { name, target: encrypter.encrypt(bindingOf(name), { keyringId, cookieHash }) };
}

/** Where a pointer leads; null where its target was not written for its name, or not with one of the keys. */
export function decryptPointer(
  encrypter: Encrypter,
  { name, target }: Pick<StoredPointer, 'name' | 'target'>,
): PointerTarget | null {
  const opened = encrypter.decrypt(bindingOf(name), target);
  return opened.ok ? (shape.safeParse(opened.value).data ?? null) : null;
}
