// The forms of variables that zod has no words for: lists separated by commas, and texts judged by the place that uses them.
import { z } from 'zod';
import { isHostName } from '../http/request/origins.ts';
import { isOrigin } from '../http/request/same-site.ts';
import { parseKeyringKeys } from '../keyring/crypto/keys.ts';

/** What is wrong with a text, as words that follow its name and do not quote it; null where nothing is. */
type Fault = (text: string) => string | null;

/**
 * Texts separated by commas. A fault names its text by its number, as it may hold a password.
 * @param noun what each of them is.
 * @param normalize gives a text the form in which it is used.
 */
export function listOf(noun: string, fault: Fault, normalize = (text: string) => text) {
  return z.string().transform((list, { addIssue }): readonly string[] => {
    const texts = list.split(',').map((text) => normalize(text.trim()));
    for (const [index, text] of texts.entries()) {
      const why = fault(text);
      if (why === null) continue;
      addIssue({ code: 'custom', message: `${noun} ${index + 1} of ${texts.length} ${why}` });
    }
    return texts;
  });
}

/** One text. */
export function oneOf(fault: Fault) {
  return z.string().superRefine((text, { addIssue }) => {
    const why = fault(text);
    if (why !== null) addIssue({ code: 'custom', message: why });
  });
}

/** The first fault that a schema finds in a text. */
export function faultOf(schema: z.ZodType): Fault {
  return (text) => schema.safeParse(text).error?.issues[0]?.message ?? null;
}

/** An origin as browsers send it has no slash at its end, which people write. */
export function withoutSlash(text: string): string {
  return text.replace(/\/$/, '');
}

/** Names of headers are the same in any case. */
export function inLowerCase(text: string): string {
  return text.toLowerCase();
}

/** @returns null for `https://app.example.com`. */
export const originFault: Fault = (text) =>
  isOrigin(text)
    ? null
    : 'is not valid: write https://app.example.com, without a path or a star, several separated by commas';

/** @returns null for a name or an address without a port. */
export const hostFault: Fault = (text) =>
  isHostName(text)
    ? null
    : 'is not a host: write a name or an address without a port, several separated by commas';

/** @returns null for the name of a header. */
export const headerFault: Fault = (text) =>
  /^[a-z0-9!#$%&'+.^_`|~-]+$/i.test(text)
    ? null
    : 'is not the name of a header: write one name, such as cf-ipcountry';

/** @returns null for one name of a list of headers. */
export const headerListFault: Fault = (text) =>
  headerFault(text) === null
    ? null
    : 'is not the name of a header: write x-trace, without a star, several separated by commas';

/** Reads the keys of a keyring, which are judged together. */
export function keys(text: string, { addIssue }: z.RefinementCtx): readonly Uint8Array[] {
  try {
    return parseKeyringKeys(text);
  } catch (error) {
    addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'unreadable' });
    return [];
  }
}
