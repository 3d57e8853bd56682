// A file of settings as text: UTF-8, with or without a byte-order mark, and nothing else.
import { readFileSync } from 'node:fs';

/** What is wrong with a file of settings, as words that follow its name. */
export class TextFileError extends Error {
  override readonly name = 'TextFileError';
}

/**
 * The text of a file, without a byte-order mark.
 * @throws TextFileError where it cannot be read, or is in another encoding than UTF-8.
 */
export function readTextFile(file: string): string {
  const bytes = readBytes(file);
  // UTF-16 text in Latin letters has a NUL in each second byte, with a mark in front of it or without.
  if (hasUtf16Mark(bytes) || bytes.includes(0)) {
    throw new TextFileError('is in UTF-16 or is not text. Save it as UTF-8');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TextFileError('is not in UTF-8. Save it as UTF-8');
  }
}

/**
 * The JSON in a file.
 * @param form what the file has to hold, as words that follow "write".
 * @throws TextFileError where it cannot be read or is not JSON. Its words quote nothing of the file.
 */
export function readJsonFile(file: string, form: string): unknown {
  const text = readTextFile(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TextFileError(`is not JSON. Correct ${placeOf(error)}: write ${form}`);
  }
}

/** Where JSON.parse has stopped. Its message quotes the text, which may hold a secret: only the numbers are taken. */
function placeOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const [, line, column] = /\(line (\d+) column (\d+)\)$/.exec(message) ?? [];
  return line === undefined ? 'it' : `line ${line}, column ${column}`;
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new TextFileError(`cannot be read: ${readFault(error)}`);
  }
}

/** Why a file cannot be read and what to do, without its name. */
export function readFault(error: unknown): string {
  const { code = 'UNKNOWN' } = error as NodeJS.ErrnoException;
  const reasons: Partial<Record<string, string>> = {
    ENOENT: 'there is no such file. Set the path of one, or remove the setting',
    EACCES: 'this user may not read it. Give it the right to',
    EPERM: 'this user may not read it. Give it the right to',
    EISDIR: 'it is a folder. Set the path of a file',
    ENOTDIR: 'a part of its path is a file. Set the path of a file',
  };
  return reasons[code] ?? `the system answers ${code}`;
}

function hasUtf16Mark([first, second]: Buffer): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
