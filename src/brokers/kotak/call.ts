// One call to Kotak, and what makes it.
import type { Operation } from '../upstream/operation.ts';
import type { Secret } from '../upstream/secret.ts';
import type { UpstreamRequest } from '../upstream/transport.ts';
import type { Step } from './envelope.ts';

/** One call: what is sent beside what every call carries. */
export interface KotakCall extends Omit<UpstreamRequest, 'apiKey' | 'headers'> {
  readonly step: Step;
  readonly headers: Readonly<Record<string, string | Secret>>;
}

/** Makes a call of an app, and reads the data of its answer; null from `parse` is an answer that makes no sense. */
export type KotakCaller = <T>(
  apiKey: string,
  call: KotakCall,
  operation: Operation,
  parse: (data: unknown) => T | null,
) => Promise<T>;
