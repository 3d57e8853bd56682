// Where a session was used from, as far as a request tells.

/** What one request tells of its sender. */
export interface DeviceHint {
  /** The address it came from; null where unknown. */
  readonly ipAddress: string | null;
  /** Its User-Agent header, untrusted text; null where it sent none. */
  readonly userAgent: string | null;
}

/** An address and a user agent that a session was used from. */
export interface Device extends DeviceHint {
  /** When it was first seen. */
  readonly firstSeenAt: Date;
  /** When it was last seen, within a minute. */
  readonly lastSeenAt: Date;
}

/** A hint whose user agent, which may be any text, is cut to its bound. */
export function boundedHint(hint: DeviceHint | null, maxCharacters: number): DeviceHint | null {
  if (hint === null) return null;
  const { ipAddress, userAgent } = hint;
  return { ipAddress, userAgent: userAgent?.slice(0, maxCharacters) ?? null };
}

/** The devices with one more sighting, the last seen first. */
export function withSighting(
  devices: readonly Device[],
  hint: DeviceHint | null,
  at: Date,
  maxDevices: number,
): readonly Device[] {
  if (hint === null) return devices;
  const { ipAddress, userAgent } = hint;
  const isIt = (device: Device) => device.ipAddress === ipAddress && device.userAgent === userAgent;
  const firstSeenAt = devices.find(isIt)?.firstSeenAt ?? at;
  const seen: Device = { ipAddress, userAgent, firstSeenAt, lastSeenAt: at };
  return [seen, ...devices.filter((device) => !isIt(device))].slice(0, maxDevices);
}
