// docs/sessions.md says where every property of other services' sessions is, and says what the schema has.
import { readFileSync } from 'node:fs';
import { isEnumType, isObjectType } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../src/schema/schema.ts';

const text = readFileSync(new URL('../../docs/sessions.md', import.meta.url), 'utf8');

/** The properties of each object, by the first heading of its table. */
const properties: Readonly<Record<string, readonly string[]>> = {
  'Kratos `Session`': [
    'active',
    'authenticated_at',
    'authentication_methods',
    'authenticator_assurance_level',
    'devices',
    'expires_at',
    'id',
    'identity',
    'issued_at',
    'tokenized',
  ],
  'Kratos `SessionAuthenticationMethod`': [
    'aal',
    'completed_at',
    'method',
    'organization',
    'provider',
  ],
  'Kratos `SessionDevice`': ['id', 'ip_address', 'location', 'user_agent'],
  'Kratos `AuthenticatorAssuranceLevel`': ['aal0', 'aal1', 'aal2', 'aal3'],
  'Appwrite `Session`': [
    'id',
    'created_at',
    'updated_at',
    'user_id',
    'expire',
    'provider',
    'provider_uid',
    'provider_access_token',
    'provider_access_token_expiry',
    'provider_refresh_token',
    'ip',
    'os_code',
    'os_name',
    'os_version',
    'client_type',
    'client_code',
    'client_name',
    'client_version',
    'client_engine',
    'client_engine_version',
    'device_name',
    'device_brand',
    'device_model',
    'country_code',
    'country_name',
    'current',
    'factors',
    'secret',
    'mfa_updated_at',
  ],
  'kiteconnect-ts `SessionData`': [
    'access_token',
    'api_key',
    'avatar_url',
    'broker',
    'email',
    'exchanges',
    'login_time',
    'meta',
    'order_types',
    'products',
    'public_token',
    'refresh_token',
    'user_id',
    'user_name',
    'user_shortname',
    'user_type',
  ],
};

/** The rows of the table whose first heading is this one, each as its cells. */
function rowsOf(heading: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} `));
  const rows = start < 0 ? [] : lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end < 0 ? undefined : end).map((row) =>
    row
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
}

/** Whether the schema has a field or enum value, written as `Type.name`. */
function exists(name: string): boolean {
  const [typeName = '', member = ''] = name.split('.');
  const type = schema.getType(typeName);
  if (isObjectType(type)) return Object.hasOwn(type.getFields(), member);
  return isEnumType(type) && type.getValue(member) !== undefined;
}

const namesIn = (cell: string) =>
  [...cell.matchAll(/`([A-Z]\w*\.\w+)`/g)].map(([, name = '']) => name);

test.each(Object.entries(properties))('every property of %s has one row', (heading, names) => {
  const listed = rowsOf(heading).map(([property]) => property);
  expect(listed.toSorted()).toEqual(names.map((name) => `\`${name}\``).toSorted());
});

test.each(Object.keys(properties))(
  'every row of %s names a field, or the reason why none',
  (heading) => {
    for (const [property = '', field = '', meaning = ''] of rowsOf(heading)) {
      const isNamed = field === 'none' || /^`[A-Z]\w*\.\w+`$/.test(field);
      expect([property, isNamed, meaning.length > 0]).toEqual([property, true, true]);
    }
  },
);

test('every field that the page names exists', () => {
  const names = namesIn(text);
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter((name) => !exists(name))).toEqual([]);
  for (const name of ['Session.none', 'None.id', 'AssuranceLevel.NONE', 'Session.toString']) {
    expect([name, exists(name)]).toEqual([name, false]);
  }
});

test.each([
  ['state', 'SessionState'],
  ['endReason', 'SessionEndReason'],
])('the table of every `%s` has the values of the schema', (heading, name) => {
  const type = schema.getType(name);
  const values = isEnumType(type) ? type.getValues().map((value) => `\`${value.name}\``) : [];
  expect(values.length).toBeGreaterThan(3);
  const listed = rowsOf(`\`${heading}\``).map(([value]) => value);
  expect(listed.toSorted()).toEqual(values.toSorted());
});
