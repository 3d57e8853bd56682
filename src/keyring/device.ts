// Where a session was used from, as far as a request tells.

/** What one request tells of its sender. */
export interface DeviceHint {
  /** The address it came from; null where unknown. */
  readonly ipAddress: string | null;
  /** Its User-Agent header, untrusted text; null where it sent none. */
  readonly userAgent: string | null;
  /** The country that a trusted proxy named for the address, as ISO 3166-1 alpha-2; left out where it named none. */
  readonly countryCode?: string | undefined;
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
  return { ...hint, userAgent: hint.userAgent?.slice(0, maxCharacters) ?? null };
}

/** Where a session was used from, and where it was logged in from. */
export interface Sightings {
  /** The last seen first. */
  readonly devices: readonly Device[];
  /** Null where that is not known. */
  readonly createdFrom: Device | null;
}

/** What a login of this sender begins with. */
export function firstSighting(hint: DeviceHint | null, at: Date): Sightings {
  if (hint === null) return { devices: [], createdFrom: null };
  const device: Device = { ...hint, firstSeenAt: at, lastSeenAt: at };
  return { devices: [device], createdFrom: device };
}

/** The sightings with one more. What the session was logged in from is seen again too, where it is the same device. */
export function withSighting(
  { devices, createdFrom }: Sightings,
  hint: DeviceHint | null,
  at: Date,
  maxDevices: number,
): Sightings {
  if (hint === null) return { devices, createdFrom };
  const isIt = (device: Device) => isSameDevice(device, hint);
  const isOrigin = createdFrom !== null && isIt(createdFrom);
  const known = devices.find(isIt) ?? (isOrigin ? createdFrom : null);
  const countryCode = hint.countryCode ?? known?.countryCode;
  const firstSeenAt = known?.firstSeenAt ?? at;
  const seen = { ...hint, countryCode, firstSeenAt, lastSeenAt: at };
  const others = devices.filter((device) => !isIt(device));
  return {
    devices: [seen, ...others].slice(0, maxDevices),
    createdFrom: isOrigin ? seen : createdFrom,
  };
}

/** Whether two hints are of one address and user agent. */
export function isSameDevice(one: DeviceHint, other: DeviceHint): boolean {
  return one.ipAddress === other.ipAddress && one.userAgent === other.userAgent;
}
