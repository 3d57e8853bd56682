// What the gateway answers for each fault of a broker on each call, and how many calls it makes: held by the suite, and
// printed by the documentation.
import { type Fault, faultKinds } from '../../../src/simulator/faults/fault.ts';
import { type Endpoint, endpoints } from './endpoints.ts';

/** A kind of fault. */
export type FaultKind = Fault['kind'];

/** The code of the answer, `OK` for a right one, and the calls to the broker. */
export type Expected = readonly [code: string, calls: number];

/** For a read, which is sent again where that may help, and for a write, which never is. */
const usual: Readonly<Record<FaultKind, { read: Expected; write?: Expected }>> = {
  delay: { read: ['OK', 1] },
  hang: { read: ['UPSTREAM_TIMEOUT', 1] },
  reset: { read: ['UPSTREAM_UNAVAILABLE', 2], write: ['UPSTREAM_UNAVAILABLE', 1] },
  'reset-in-body': { read: ['UPSTREAM_UNAVAILABLE', 2], write: ['UPSTREAM_UNAVAILABLE', 1] },
  'too-many-requests': { read: ['RATE_LIMITED', 1] },
  'internal-error': { read: ['UPSTREAM_UNAVAILABLE', 1] },
  'bad-gateway-html': { read: ['UPSTREAM_UNAVAILABLE', 2], write: ['UPSTREAM_UNAVAILABLE', 1] },
  'service-unavailable': { read: ['UPSTREAM_UNAVAILABLE', 2], write: ['UPSTREAM_UNAVAILABLE', 1] },
  'gateway-timeout': { read: ['UPSTREAM_UNAVAILABLE', 2], write: ['UPSTREAM_UNAVAILABLE', 1] },
  html: { read: ['UPSTREAM_INVALID_RESPONSE', 1] },
  'broken-json': { read: ['UPSTREAM_INVALID_RESPONSE', 1] },
  empty: { read: ['UPSTREAM_INVALID_RESPONSE', 1] },
  'missing-error-type': { read: ['UPSTREAM_ERROR', 1] },
  'missing-content-type': { read: ['OK', 1] },
  'error-envelope': { read: ['PERMISSION_DENIED', 1] },
  'wrong-types': { read: ['UPSTREAM_INVALID_RESPONSE', 1] },
  'missing-fields': { read: ['UPSTREAM_INVALID_RESPONSE', 1] },
};

/** A confirmed logout says nothing else that could be wrong. */
const logout = { 'wrong-types': 'OK', 'missing-fields': 'OK' } as const;
/** Kotak's own meaning of 400, which names no error. */
const step = { 'missing-error-type': 'TOKEN_REJECTED' } as const;

/** Where a call differs, and by the documentation of its broker should. */
const differences: Readonly<Record<string, Partial<Record<FaultKind, string>>>> = {
  logout,
  'Kotak logout': logout,
  init: { 'missing-error-type': 'BAD_USER_INPUT', 'missing-fields': 'OK' },
  password: step,
  code: step,
  'no code': step,
  'Kotak margins': { 'missing-fields': 'OK' },
};

/** Kinds after which `init` does not ask the next host, which would say the same. */
const sameEverywhere: readonly FaultKind[] = [
  ...(['delay', 'missing-content-type', 'missing-fields', 'too-many-requests'] as const),
  ...(['missing-error-type', 'error-envelope'] as const),
];
/** The same for the token of the app, without which no host can be asked. */
const sameForAll = ['delay', 'missing-content-type', 'too-many-requests', 'error-envelope'];

/** What is due for a fault on a call. */
export function expectedOf({ broker, name, method }: Endpoint, kind: FaultKind): Expected {
  const { read, write = read } = usual[kind];
  const [code, calls] = method === 'GET' ? read : write;
  const isTwice =
    (name === 'init' && !sameEverywhere.includes(kind)) ||
    (name === 'app token' && !sameForAll.includes(kind));
  const usualCode = broker === 'Kotak' && kind === 'internal-error' ? 'UPSTREAM_ERROR' : code;
  return [differences[name]?.[kind] ?? usualCode, isTwice ? 2 * calls : calls];
}

/** All of it as a table. */
export function answersTable(): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const cell = (kind: FaultKind) => (endpoint: Endpoint) => {
    const [code, calls] = expectedOf(endpoint, kind);
    return calls === 1 ? code : `${code}, ${calls} calls`;
  };
  return [
    line(['fault', ...endpoints.map(({ name }) => name)]),
    line(['---', ...endpoints.map(() => '---')]),
    line(['', ...endpoints.map(({ method, path }) => `\`${method} ${path}\``)]),
    ...faultKinds.map((kind) => line([`\`${kind}\``, ...endpoints.map(cell(kind))])),
  ].join('\n');
}
