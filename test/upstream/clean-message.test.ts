// What may be repeated of an upstream's words, and what they are classified by.
import { expect, test } from 'vitest';
import { openEnvelope } from '../../src/brokers/kite/answers.ts';
import { cleanMessage } from '../../src/brokers/upstream/clean-message.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';

const token = 'q7vT1mZx0bR4kP9sW2yL8dN5cH3gJ6fA';

test.each([
  `Invalid token ${token}.`,
  `of another session: ${token.toLowerCase()}`,
  'of letters alone: QwErTyUiOpAsDfGhJkLzXcVbNmQwErTy',
  'a checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
])('what looks like a token is replaced, though this request did not carry it: %s', (message) => {
  const clean = cleanMessage(message, []);
  expect(clean).toContain('[redacted]');
  expect(clean).not.toMatch(/[A-Za-z0-9]{16}/);
});

test.each([
  'Incorrect `api_key` or `access_token`.',
  'The user is not enabled for the app.',
  'Insufficient permission for that call (intraday_payin 2026).',
])('ordinary words stay as they are: %s', (message) => {
  expect(cleanMessage(message, [])).toBe(message);
});

test('an error is classified by what Kite sent, before secrets in it are replaced', () => {
  const body = JSON.stringify({
    status: 'error',
    error_type: 'PermissionException',
    message: 'no permission',
  });
  const response = { status: 403, body, retryAfterSeconds: null };
  const form = {
    request_token: new Secret('my-permission-token'),
    checksum: new Secret('PermissionException'),
  };
  expect(() => openEnvelope(response, { form }, 10)).toThrow(
    expect.objectContaining({
      code: 'permission',
      errorType: expect.stringContaining('[redacted]'),
    }),
  );
});

test('the name of an error that looks like a token is replaced', () => {
  const errorType = 'QwErTyUiOpAsDfGhJkLzXcVbNmQwErTy';
  const body = JSON.stringify({ status: 'error', error_type: errorType, message: 'refused' });
  expect(() => openEnvelope({ status: 400, body, retryAfterSeconds: null }, {}, 10)).toThrow(
    expect.objectContaining({ errorType: '[redacted]', brokerMessage: 'refused' }),
  );
});
