// schema.graphql is what the code prints, and everything in it is described.
import { readFileSync } from 'node:fs';
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../src/schema/schema.ts';

test('schema.graphql is up to date; if not, run npm run codegen', () => {
  const file = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
  expect(file.trimEnd()).toBe(printSchema(schema));
});

test('every type, field, argument and enum value has a description', () => {
  const bare: string[] = [];
  const check = (where: string, { description }: { description?: string | null | undefined }) => {
    if (!description?.trim()) bare.push(where);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (
      type.name.startsWith('__') ||
      ['String', 'Int', 'Float', 'Boolean', 'ID'].includes(type.name)
    ) {
      continue;
    }
    check(type.name, type);
    if (isEnumType(type)) {
      for (const value of type.getValues()) check(`${type.name}.${value.name}`, value);
    }
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        check(`${type.name}.${field.name}`, field);
        if (!('args' in field)) continue;
        for (const argument of field.args) {
          check(`${type.name}.${field.name}(${argument.name})`, argument);
        }
      }
    }
  }
  expect(bare).toEqual([]);
});

test('amounts say their unit', () => {
  for (const name of ['AvailableMargins', 'UtilisedMargins']) {
    const type = schema.getType(name);
    if (!isObjectType(type)) throw new Error(`${name} is missing`);
    for (const field of Object.values(type.getFields()).filter(({ name }) => name !== 'id')) {
      expect(field.description, `${name}.${field.name}`).toContain('Rupees');
    }
  }
});
