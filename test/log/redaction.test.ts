// What the log says of an unexpected error holds nothing that the request sent, and costs no more than its text.
import { expect, test } from 'vitest';
import { redact } from '../../src/http/plugins/redaction.ts';

const sent = (cookie: string, authorization = '') => new Headers({ cookie, authorization });

test('pieces of the headers of six characters and more are replaced, shorter words are not', () => {
  const headers = sent('kite_graphql=Secret1234567890; e=abcde', 'token key:AccessToken99');
  expect(redact('Cannot read Secret1234567890 of abcde', headers)).toBe(
    'Cannot read [redacted] of abcde',
  );
  expect(redact('prefix cret12345 only, and ccessToken9', headers)).toBe(
    'prefix [redacted] only, and [redacted]',
  );
});

test('a word that stands in the replacement itself is not replaced again', () => {
  const words = Array.from({ length: 26 }, () => 'redacted').join(';');
  expect(redact('redacted e e e', sent(`e;e;e;e;e;${words}`))).toBe('[redacted] e e e');
});

test('headers of the greatest length add nothing to the text', () => {
  const text = redact('e'.repeat(100_000), sent('e;'.repeat(30_000), 'eeeeee,'.repeat(8_000)));
  expect(text).toBe('[redacted]');
});
