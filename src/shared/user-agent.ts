// What a user agent tells of the client, its operating system and its device. The text is untrusted.
import { type ParsedResult, parse } from 'bowser';

/** What a user agent tells. What it does not tell is null. */
export interface UserAgent {
  readonly client: ClientSoftware | null;
  readonly operatingSystem: OperatingSystem | null;
  /** `desktop`, `mobile`, `tablet`, `tv` or `bot`. */
  readonly kind: string | null;
  /** The maker of the device, such as `Apple`. */
  readonly vendor: string | null;
  /** The model of the device, such as `iPhone`. */
  readonly model: string | null;
}

/** A program that sends requests. */
export interface ClientSoftware {
  /** `browser` where the user agent names a rendering engine, `bot` for a known crawler. */
  readonly type: 'browser' | 'bot' | null;
  readonly name: string | null;
  readonly version: string | null;
  /** The rendering engine, such as `Blink`. */
  readonly engine: string | null;
  readonly engineVersion: string | null;
}

/** An operating system. */
export interface OperatingSystem {
  readonly name: string | null;
  readonly version: string | null;
}

const untold: UserAgent = {
  client: null,
  operatingSystem: null,
  kind: null,
  vendor: null,
  model: null,
};

/**
 * Parses a User-Agent header. Never throws.
 * @param text null where the client sent none.
 * @param maxCharacters what follows is not read: the cost of parsing grows with the text.
 */
export function parseUserAgent(text: string | null, maxCharacters: number): UserAgent {
  const bounded = text?.slice(0, maxCharacters).trim() ?? '';
  // The parser throws if the text is empty.
  return bounded === '' ? untold : userAgentOf(parse(bounded));
}

function userAgentOf({ browser, engine, os, platform }: ParsedResult): UserAgent {
  const client = {
    name: told(browser.name),
    version: told(browser.version),
    engine: told(engine.name),
    engineVersion: told(engine.version),
  };
  const kind = told(platform.type);
  // The text has the version of the Windows kernel, such as `NT 6.1`. Users know it as `7`.
  const version =
    os.name === 'Windows' ? (told(os.versionName) ?? told(os.version)) : told(os.version);
  const system = { name: told(os.name), version };
  return {
    client: isEmpty(client) ? null : { type: clientType(kind, client.engine), ...client },
    operatingSystem: isEmpty(system) ? null : system,
    kind,
    vendor: told(platform.vendor),
    model: told(platform.model),
  };
}

function clientType(kind: string | null, engine: string | null): ClientSoftware['type'] {
  if (kind === 'bot') return 'bot';
  return engine === null ? null : 'browser';
}

/** A value of the parser; null where it is empty, as the parser says for what it did not find. */
function told(value: string | undefined): string | null {
  const text = value?.trim() ?? '';
  return text === '' ? null : text;
}

function isEmpty(values: Readonly<Record<string, string | null>>): boolean {
  return Object.values(values).every((value) => value === null);
}
