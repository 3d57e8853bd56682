// Faults: what can be made to go wrong, and for which requests.
import { z } from 'zod';

const scope = {
  /** Only requests of this user. */
  userId: z.string().optional(),
  /** Only requests of this app. */
  apiKey: z.string().optional(),
  /** Only requests to exactly this path. */
  path: z.string().startsWith('/').optional(),
  /** Only requests with this method. */
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).optional(),
  /** How many requests it befalls before it is used up; without it, every one. */
  times: z.int().min(1).optional(),
};

const fieldPath = z.string().min(1);

/** The faults the control API takes, by `kind`. */
export const faultSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      ...scope,
      kind: z.literal('delay'),
      delayMilliseconds: z.int().min(0).max(3_600_000),
    }),
    z.strictObject({
      ...scope,
      kind: z.enum([
        'hang',
        'reset',
        'reset-in-body',
        'too-many-requests',
        'internal-error',
        'bad-gateway-html',
        'service-unavailable',
        'gateway-timeout',
        'html',
        'broken-json',
        'empty',
        'missing-error-type',
        'missing-content-type',
      ]),
    }),
    z.strictObject({
      ...scope,
      kind: z.literal('error-envelope'),
      /** Kite's name of the error. */
      errorType: z.string().optional(),
      /** Kotak's number of the error. */
      code: z.int().optional(),
      message: z.string().optional(),
      /** Kotak's second line. */
      description: z.string().optional(),
      status: z.int().min(200).max(599).optional(),
    }),
    z.strictObject({
      ...scope,
      kind: z.literal('wrong-types'),
      fields: z.record(fieldPath, z.json()).optional(),
    }),
    z.strictObject({
      ...scope,
      kind: z.literal('missing-fields'),
      fields: z.array(fieldPath).min(1),
    }),
  ],
  {
    error: ({ code }): string | undefined =>
      code === 'invalid_union' ? kindsInWords() : undefined,
  },
);

function kindsInWords(): string {
  return `must be one of ${faultKinds.join(', ')}`;
}

/** The kinds of faults. */
export const faultKinds: readonly Fault['kind'][] = faultSchema.options.flatMap(({ shape }) => [
  ...('values' in shape.kind ? shape.kind.values : shape.kind.options),
]);

/** Something that goes wrong with the requests in its scope. */
export type Fault = z.output<typeof faultSchema>;

/** What a fault's scope is held against. */
export interface FaultTarget {
  /** The HTTP method. */
  readonly method: string;
  /** The path, without a query. */
  readonly path: string;
  /** The user the request's credential names, or null. */
  readonly userId: string | null;
  /** The registered app it came from, or null. */
  readonly apiKey: string | null;
}

const mostFaults = 10_000;

/** The faults in force. */
export class Faults {
  #faults: Fault[] = [];

  /** Puts one in force; false where there are too many already. */
  add(fault: Fault): boolean {
    if (this.#faults.length >= mostFaults) return false;
    this.#faults.push({ ...fault });
    return true;
  }

  /** The oldest fault that befalls a request, counted as used once; null for none. */
  take(target: FaultTarget): Fault | null {
    const index = this.#faults.findIndex((fault) => inScope(fault, target));
    const fault = this.#faults[index];
    if (fault === undefined) return null;
    if (fault.times !== undefined && --fault.times === 0) this.#faults.splice(index, 1);
    return fault;
  }

  /** The faults in force, oldest first; `times` is what is left of it. */
  list(): readonly Fault[] {
    return this.#faults;
  }

  /** Takes every fault out of force. */
  clear(): void {
    this.#faults = [];
  }
}

function inScope(fault: Fault, target: FaultTarget): boolean {
  return (
    (fault.path === undefined || fault.path === target.path) &&
    (fault.userId === undefined || fault.userId === target.userId) &&
    (fault.apiKey === undefined || fault.apiKey === target.apiKey) &&
    (fault.method === undefined || fault.method === target.method)
  );
}
