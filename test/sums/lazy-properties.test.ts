// Properties that are made when they are read: once, and only when they are read.
import { expect, test } from 'vitest';
import { lazily } from '../../src/sums/lazy-properties.ts';

test('each is made when it is first read, and only then', () => {
  const made: string[] = [];
  const maker = (name: string) => () => {
    made.push(name);
    return name;
  };
  const object = lazily({ one: maker('one'), two: maker('two') });
  expect(Object.keys(object)).toEqual(['one', 'two']);
  expect(made).toEqual([]);
  expect([object.one, object.one]).toEqual(['one', 'one']);
  expect(made).toEqual(['one']);
  expect(object).toEqual({ one: 'one', two: 'two' });
});
