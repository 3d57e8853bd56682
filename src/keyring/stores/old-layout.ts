// Keyrings in the layout of earlier versions, where names were plain hashes and pointers named their keyring openly.

import { recordBinding } from '../crypto/encrypted-records.ts';
import type { Encrypter } from '../crypto/encrypter.ts';
import { newId, rowKeys } from '../crypto/names.ts';
import { encryptPointer } from '../crypto/pointers.ts';
import { parseRecord, recordJson } from '../session-record.ts';
import type { ConvertedRecord, ConvertKeyring, OldPointer, StoredPointer } from './store.ts';

/**
 * A conversion under the keys of `encrypter`. A converted keyring has a new id, and nothing of today's layout opens in
 * the old one: rows that are put into the old layout later, without a key, lead to no session.
 */
export function createConversion(encrypter: Encrypter): ConvertKeyring {
  return ({ id: oldId, createdAt, expiresAt, pointers, records }) => {
    const id = newId();
    const convertRecord = (row: ConvertedRecord): ConvertedRecord | null => {
      const opened = encrypter.decrypt(['record', oldId, row.key], row.encrypted);
      const record = opened.ok ? parseRecord(row.key, opened.value) : null;
      if (record === null) return null;
      const [key] = rowKeys(encrypter, id, record, record.userId ?? `unknown ${newId()}`);
      const encrypted = encrypter.encrypt(recordBinding(id, key), recordJson({ ...record, key }));
      return { key, encrypted, expiresAt: row.expiresAt };
    };
    const convertPointer = ({ hash, ...times }: OldPointer): StoredPointer => {
      return { ...times, ...encryptPointer(encrypter, { keyringId: id, cookieHash: hash }) };
    };
    const converted = records.map(convertRecord).filter((row) => row !== null);
    if (records.length > 0 && converted.length === 0) return null;
    return {
      id,
      createdAt,
      expiresAt,
      pointers: pointers.map(convertPointer),
      records: converted,
    };
  };
}
