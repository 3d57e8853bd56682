// What a session's login proved, from the methods that the broker said were given.
import type { AssuranceLevel, AuthenticationMethod } from '../brokers/answers.ts';

/** When the last factor was given, which a refresh token is not. Null where no factor has a time. */
export function authenticatedAt(methods: readonly AuthenticationMethod[]): Date | null {
  return methods.filter(isFactor).findLast((one) => one.completedAt !== null)?.completedAt ?? null;
}

/** The highest level that a method has reached; null where none is proved. */
export function assuranceLevel(methods: readonly AuthenticationMethod[]): AssuranceLevel | null {
  const levels = methods.map((one) => one.assuranceLevel);
  if (levels.includes('TWO_FACTOR')) return 'TWO_FACTOR';
  return levels.includes('SINGLE_FACTOR') ? 'SINGLE_FACTOR' : null;
}

/** The methods with their times: what went through this gateway was given when the broker's answer came, at the latest. */
export function completed(
  methods: readonly AuthenticationMethod[],
  at: Date,
): readonly AuthenticationMethod[] {
  return methods.map((one) =>
    one.method === 'BROKER_LOGIN' ? one : { ...one, completedAt: one.completedAt ?? at },
  );
}

/** The methods of a session and those of its renewal, in order: the factors of the login stay, then the last renewals. */
export function withRenewal(
  methods: readonly AuthenticationMethod[],
  renewal: readonly AuthenticationMethod[],
  maxMethods: number,
): readonly AuthenticationMethod[] {
  const all = [...methods, ...renewal];
  const factors = all.filter(isFactor).slice(0, maxMethods);
  const room = maxMethods - factors.length;
  const others = all.filter((one) => !isFactor(one));
  return [...factors, ...others.slice(Math.max(0, others.length - room))];
}

function isFactor({ method }: AuthenticationMethod): boolean {
  return method !== 'REFRESH_TOKEN';
}
