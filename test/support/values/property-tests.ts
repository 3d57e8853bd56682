// Before each test file: property tests make the same cases in each run, unless FUZZ_SEED names others.
import * as fc from 'fast-check';
import { fuzzSeed } from '../processes/environment.ts';

fc.configureGlobal({ seed: fuzzSeed });
