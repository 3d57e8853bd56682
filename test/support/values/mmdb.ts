// A small MMDB file of countries, for tests: a tree of IPv4 networks, its data and its metadata.

/** The bytes of a database by network (`203.0.113.0/24`) and country code. */
export function countryDatabase(networks: Readonly<Record<string, string>>): Uint8Array {
  const nodes: [Child, Child][] = [[null, null]];
  const data: Buffer[] = [];
  let size = 0;
  for (const [network, code] of Object.entries(networks)) {
    const [address = '', length = '32'] = network.split('/');
    const bits = address
      .split('.')
      .flatMap((part) => [...Number(part).toString(2).padStart(8, '0')]);
    let node = 0;
    for (const [depth, bit] of bits.slice(0, Number(length)).entries()) {
      const pair = nodes[node];
      if (pair === undefined) throw new Error('no such node');
      const side = bit === '1' ? 1 : 0;
      if (depth === Number(length) - 1) {
        pair[side] = { data: size };
        continue;
      }
      const next = pair[side];
      node = typeof next === 'number' ? next : nodes.push([null, null]) - 1;
      pair[side] = node;
    }
    const entry = map({ country: map({ iso_code: text(code) }) });
    data.push(entry);
    size += entry.length;
  }
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [index, pair] of nodes.entries()) {
    for (const [side, child] of pair.entries()) {
      tree.writeUIntBE(recordOf(child, nodes.length), index * 6 + side * 3, 3);
    }
  }
  const metadata = map({
    binary_format_major_version: unsigned(2),
    binary_format_minor_version: unsigned(0),
    database_type: text('Test-Country'),
    ip_version: unsigned(4),
    node_count: unsigned(nodes.length),
    record_size: unsigned(24),
    build_epoch: unsigned(1_700_000_000),
  });
  const marker = Buffer.from('\xAB\xCD\xEFMaxMind.com', 'latin1');
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata]);
}

/** Another node, a place in the data, or nothing. */
type Child = number | { readonly data: number } | null;

function recordOf(child: Child, count: number): number {
  if (child === null) return count;
  return typeof child === 'number' ? child : count + 16 + child.data;
}

const text = (value: string) => Buffer.concat([control(2, value.length), Buffer.from(value)]);
const map = (entries: Readonly<Record<string, Buffer>>) =>
  Buffer.concat([
    control(7, Object.keys(entries).length),
    ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]),
  ]);
const unsigned = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return Buffer.concat([control(6, 4), bytes]);
};
/** A type and a size below 29. */
const control = (type: number, size: number) => Buffer.from([(type << 5) | size]);
