// Where Redis is: one server, the nodes of a cluster, or the Sentinels that know the master.

/** How Redis is reached. */
export interface RedisAddress {
  /**
   * `redis://[user:password@]host[:port][/number]`, or `rediss://` for TLS. Several addresses, separated by commas, are
   * nodes of one Redis Cluster; with `sentinelMaster` they are Sentinels.
   */
  readonly url: string;
  /** The name by which Sentinels know the master. */
  readonly sentinelMaster?: string | undefined;
  /** The password of the Sentinels, which the URL does not hold: its user and password are those of the master. */
  readonly sentinelPassword?: string | undefined;
  /** Certificates in PEM that may sign those of Redis. Default: those that Node trusts. */
  readonly ca?: string | undefined;
}

/** An address in its parts. */
export interface ParsedRedisAddress {
  readonly isTls: boolean;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

/** Whether a text is an address of Redis, be it right or wrong. */
export function isRedisUrl(text: string): boolean {
  return /^rediss?:\/\//.test(text);
}

/** Whether such an address can be read. */
export function isReadableRedisUrl(text: string): boolean {
  try {
    parseRedisUrl(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads the text of an address.
 * @throws TypeError for another form; the text, which may hold a password, is not quoted.
 */
export function parseRedisUrl(text: string): ParsedRedisAddress {
  const fault = new TypeError(
    'The address of Redis is not of the form redis://[user:password@]host[:port][/number]; several are separated by commas',
  );
  const parts = text.split(/,(?=rediss?:\/\/)/).map((part) => {
    const found = /^(?<scheme>rediss?):\/\/(?:(?<login>.*)@)?(?<hosts>[^@/]+)(?:\/(?<rest>.*))?$/s;
    const { scheme, login, hosts, rest } = found.exec(part)?.groups ?? {};
    if (!scheme || !hosts) throw fault;
    return { scheme, login, hosts, rest: rest ?? '' };
  });
  const [first] = parts;
  const last = parts.at(-1);
  if (!first || !last) throw fault;
  // A login that is written once counts for all; two would not tell which is meant for a node found later.
  const logins = new Set(parts.map(({ login }) => login).filter((login) => login !== undefined));
  if (logins.size > 1 || parts.some(({ scheme }) => scheme !== first.scheme)) throw fault;
  if (!/^\d{0,4}$/.test(last.rest) || parts.slice(0, -1).some(({ rest }) => rest !== '')) {
    throw fault;
  }
  const [login = ''] = logins;
  const nodes = parts.flatMap(({ hosts }) => hosts.split(',')).map((host) => nodeOf(host, fault));
  const colon = login.indexOf(':');
  const [username, password] =
    colon < 0 ? [login, ''] : [login.slice(0, colon), login.slice(colon + 1)];
  return {
    isTls: first.scheme === 'rediss',
    nodes,
    username: decoded(username, fault),
    password: decoded(password, fault),
    database: Number(last.rest),
  };
}

function nodeOf(text: string, fault: TypeError) {
  const {
    v6,
    name,
    port = '6379',
  } = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/i.exec(text)?.groups ??
  {};
  const host = v6 ?? name;
  if (host === undefined || Number(port) > 65_535) throw fault;
  return { host, port: Number(port) };
}

function decoded(text: string, fault: TypeError): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw fault;
  }
}
