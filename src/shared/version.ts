// The version of this package, as its package.json says it.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');

/** This package's version, such as `0.1.0`. */
export const version = z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
