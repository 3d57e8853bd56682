// The Pothos builder. It holds no types: each noun's file adds its own.
import SchemaBuilder from '@pothos/core';
import type { Context } from '../context.ts';

/** Collects the types of the schema. Fields are nullable unless they say otherwise. */
export const builder = new SchemaBuilder<{
  Context: Context;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
  };
}>({});
