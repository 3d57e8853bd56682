// SessionDevice: an address and a browser that a session was used from.

import type { Context } from '../../context.ts';
import { boundedHint, type Device, isSameDevice } from '../../keyring/device.ts';
import {
  type ClientSoftware,
  type OperatingSystem,
  parseUserAgent,
  type UserAgent,
} from '../../shared/user-agent.ts';
import { builder } from '../builder.ts';
import { badInput, problemError } from '../errors/problem.ts';
import { NodeRef, nodeId } from '../node.ts';
import { perOperation } from '../per-operation.ts';

/** A device of one session. */
export interface DeviceSource extends Device {
  readonly sessionId: string;
}

/**
 * The id of a device of a session. Few addresses and user agents exist, so that a plain digest could be tried: this one
 * is keyed.
 */
export function idOfDevice(
  { sessionId, ipAddress, userAgent }: DeviceSource,
  { digest }: Context,
): string {
  return nodeId('SessionDevice', sessionId, digest('device', ipAddress ?? '', userAgent ?? ''));
}

/** What user agents tell, by operation: however many fields ask of a device, its user agent is parsed once. */
const agentsOf = perOperation(() => new Map<string | null, UserAgent>());

function agentOf({ userAgent }: DeviceSource, context: Context): UserAgent {
  const parsed = agentsOf(context);
  const known = parsed.get(userAgent);
  if (known !== undefined) return known;
  const agent = parseUserAgent(userAgent, context.limits.userAgentCharacters);
  parsed.set(userAgent, agent);
  return agent;
}

/**
 * Names of countries by operation and locale, null for what is no locale: making them takes longer than reading one, and
 * so does finding that they cannot be made.
 */
const namesByLocale = perOperation(() => new Map<string, Intl.DisplayNames | null>());

function countryNames(locale: string, context: Context): Intl.DisplayNames {
  const made = namesByLocale(context);
  let names = made.get(locale);
  if (names === undefined) {
    names = makeCountryNames(locale);
    made.set(locale, names);
  }
  if (names !== null) return names;
  throw problemError(badInput('locale', 'The locale is not a language tag, such as en or hi-IN.'));
}

function makeCountryNames(locale: string): Intl.DisplayNames | null {
  try {
    // A language that is not known gives English names, wherever the gateway runs.
    return new Intl.DisplayNames([locale, 'en'], { type: 'region', fallback: 'none' });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The country that the operator's proxy named, else the one that the database has for the address. */
function countryOf({ countryCode, ipAddress }: DeviceSource, { countries }: Context) {
  return countryCode ?? countries(ipAddress);
}

/** Whether the request of an operation came from a device. */
function isCurrent(device: DeviceSource, { keyring, limits }: Context): boolean {
  const hint = boundedHint(keyring.device, limits.userAgentCharacters);
  return hint !== null && isSameDevice(device, hint);
}

const ClientRef = builder.objectRef<ClientSoftware>('SessionClient').implement({
  description: 'A program that used a session, as its user agent describes it. Untrusted text.',
  fields: (t) => ({
    type: t.exposeString('type', {
      description:
        '`browser` if the user agent names a rendering engine, `bot` for a known crawler; null for all others.',
    }),
    name: t.exposeString('name', { description: 'Its name, such as Chrome.' }),
    version: t.exposeString('version', { description: 'Its version, such as 125.0.0.0.' }),
    engine: t.exposeString('engine', { description: 'Its rendering engine, such as Blink.' }),
    engineVersion: t.exposeString('engineVersion', {
      description: 'The version of the rendering engine. Blink does not tell its own.',
    }),
  }),
});

const OperatingSystemRef = builder.objectRef<OperatingSystem>('SessionOperatingSystem').implement({
  description: 'An operating system, as the user agent describes it. Untrusted text.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, such as Windows.' }),
    version: t.exposeString('version', {
      description:
        'Its version, such as 17.5. Many browsers tell an older one: Windows 11 is 10, macOS stays at 10.15.7.',
    }),
  }),
});

/** The GraphQL type SessionDevice. */
export const DeviceRef = builder.objectRef<DeviceSource>('SessionDevice').implement({
  interfaces: [NodeRef],
  description: 'An address and browser that used a session.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'Opaque id of this device of this session.',
      resolve: (device, _arguments, context) => idOfDevice(device, context),
    }),
    ipAddress: t.exposeString('ipAddress', {
      description: 'The client address; null if it is not known.',
    }),
    userAgent: t.exposeString('userAgent', {
      description: 'The user agent, at most 256 characters. Untrusted text.',
    }),
    client: t.field({
      type: ClientRef,
      description: 'The browser or other program; null if the user agent does not tell.',
      resolve: (device, _arguments, context) => agentOf(device, context).client,
    }),
    operatingSystem: t.field({
      type: OperatingSystemRef,
      description: 'The operating system; null if the user agent does not tell.',
      resolve: (device, _arguments, context) => agentOf(device, context).operatingSystem,
    }),
    kind: t.string({
      description:
        '`desktop`, `mobile`, `tablet`, `tv` or `bot`; null if the user agent does not tell.',
      resolve: (device, _arguments, context) => agentOf(device, context).kind,
    }),
    vendor: t.string({
      description: 'The maker of the device, such as Apple; null if the user agent does not tell.',
      resolve: (device, _arguments, context) => agentOf(device, context).vendor,
    }),
    model: t.string({
      description:
        'The model of the device, such as iPhone; null if the user agent does not tell. Most do not.',
      resolve: (device, _arguments, context) => agentOf(device, context).model,
    }),
    countryCode: t.string({
      description:
        'The country of the address, as ISO 3166-1 alpha-2: the one that the proxy of the operator names, else that of ' +
        'the operator’s database. Null for private addresses, if it is not known, and if the operator has set neither.',
      resolve: (device, _arguments, context) => countryOf(device, context),
    }),
    countryName: t.string({
      description: 'The name of that country.',
      args: {
        locale: t.arg.string({
          defaultValue: 'en',
          description: 'The language of the name, such as `hi` or `en-GB`.',
        }),
      },
      resolve: (device, { locale }, context) => {
        const names = countryNames(locale ?? 'en', context);
        const code = countryOf(device, context);
        return code === null ? null : (names.of(code) ?? null);
      },
    }),
    current: t.boolean({
      nullable: false,
      description:
        'Whether this request has the same address and user agent. A device is listed from its first request on, ' +
        'after that request is answered.',
      resolve: (device, _arguments, context) => isCurrent(device, context),
    }),
    firstSeenAt: t.expose('firstSeenAt', {
      type: 'DateTime',
      nullable: false,
      description: 'When it was first seen.',
    }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      nullable: false,
      description: 'When it was last seen, within a minute.',
    }),
  }),
});
