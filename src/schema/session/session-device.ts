// SessionDevice: an address and a browser that a session was used from.
import type { Context } from '../../context.ts';
import type { Device } from '../../keyring/device.ts';
import { builder } from '../builder.ts';
import { NodeRef, nodeId } from '../node.ts';

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
