// The seam: the code above src/brokers knows a broker by src/brokers/broker.ts alone, and says no broker's own words.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));
/** The gateway's own: the client, the console and the library for tests are programs of their own beside it. */
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !/^(client|console|testing)\//.test(file),
);
const read = (file: string) => readFileSync(join(src, file), 'utf8');
const importsOf = (file: string) =>
  [...read(file).matchAll(/(?:from|import|import\()\s*'(\.{1,2}\/[^']+)'/g)].map(([, path]) =>
    relative(src, join(src, dirname(file), path ?? '')),
  );

/** Where settings are read and a broker is made from them, and what stands in for one. */
const knowAny = /^(simulator|config|process)\/|^(main|options|services|usage)\.ts$/;
const knowKite = new RegExp(`${knowAny.source}|^brokers/kite/`);
const knowKotak = new RegExp(`${knowAny.source}|^brokers/kotak/`);

/** Where the contract has a name of Kotak's own: Account.kotakMargins and its type. */
const nameKotakMargins = new Set([
  'brokers/answers.ts',
  'brokers/broker.ts',
  'brokers/brokers.ts',
  'brokers/kite/client.ts',
  'loaders/loaders.ts',
  'loaders/shared-reads.ts',
  'schema/margins/kotak-margins.ts',
  'schema/node/node-query.ts',
]);

/** Names on the wire of a broker: of parameters, fields, errors and headers. */
const wireWords =
  /^(checksum|(api|request|access|refresh|public)_(key|secret|token)|error_type|user_(id|name)|login_time|redirect_params|x-kite-version|\w+Exception)$/i;

const token =
  /\/\*[\s\S]*?\*\/|\/\/.*|'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`/g;

/** The code without its comments and texts; of texts, what is computed in them and what is one word of the wire. */
function codeOf(text: string): string {
  return text.replace(token, (_all, ...[single, double, template = '']: (string | undefined)[]) => {
    const word = single ?? double ?? template;
    const computed = [...template.matchAll(/\$\{([^}]*)\}/g)].map(([, code]) => code);
    return ` ${wireWords.test(word) ? word : ''} ${computed.join(' ')} `;
  });
}

const said = (text: string, words: RegExp) => codeOf(text).match(words) ?? [];
const kiteWords =
  /\w*[Kk]ite\w*|\b(?!Errno|DOM)\w+Exception\b|\b[a-z]+_(?:key|secret|token|type|params|id|name|time)\b|\w*Six\w*/g;

test.each([
  ['const a = new KiteError();', ['KiteError']],
  ["const a = query.get('request_token');", ['request_token']],
  ['const a = answer.error_type; // as Kite says', ['error_type']],
  ["log.info('Kite says: request_token'); /* nextSixInIndia */", []],
  [`const a = \`at \${kiteUrl}\`;`, ['kiteUrl']],
])('the test itself reads %j', (code, words) => {
  expect(said(code, kiteWords)).toEqual(words);
});

const kotakWords =
  /\w*[Kk]otak\w*|\b(?:consumer[kK]ey|oneTimeTokenHeader|sessionToken|publickKey|userid|dormantType|enabled(?:Exchange)?Segments|enabledProducts|accessCodeTime|clientName|clientCode|999\d{3}|70009|900901)\b/g;

test.each([
  ['const a = new KotakError();', ['KotakError']],
  ['const a = headers.sessionToken;', ['sessionToken']],
  ['if (code === 70009) return;', ['70009']],
  ["log.info('Kotak says: sessionToken');", []],
])('the test itself reads %j, for the second broker', (code, words) => {
  expect(said(code, kotakWords)).toEqual(words);
});

test.each(files.filter((file) => !knowKotak.test(file)))(
  '%s says no word of Kotak in code, but for the margins that the contract names',
  (file) => {
    const names = said(read(file), kotakWords).filter(
      (word) => !nameKotakMargins.has(file) || !/^[kK]otak(?!Error|Client|Hosts)/.test(word),
    );
    expect(names).toEqual([]);
    expect(importsOf(file).filter((path) => path.startsWith('brokers/kotak/'))).toEqual([]);
  },
);

test.each(files.filter((file) => !knowKite.test(file) && !file.startsWith('brokers/kotak/')))(
  '%s says no word of Kite in code',
  (file) => {
    expect(said(read(file), kiteWords)).toEqual([]);
    expect(importsOf(file).filter((path) => path.startsWith('brokers/kite/'))).toEqual([]);
  },
);

/** Where each broker has its name: in what is written about it, and in the enum of the schema. */
const nameBrokers = /^schema\/broker\.ts$/;
const brokerName = /['"`](?:KITE|KOTAK)['"`]|\b(?:KITE|KOTAK)\b(?=:)/g;

test.each([
  ["if (broker === 'KOTAK') return null;", ["'KOTAK'"]],
  ['const hours = { KITE: 6 };', ['KITE']],
  ["log.info('KITE_API_KEY is missing');", []],
])('the test itself reads the names in %j', (code, names) => {
  expect(code.match(brokerName) ?? []).toEqual(names);
});

test.each(
  files.filter(
    (file) => !knowAny.test(file) && !file.startsWith('brokers/') && !nameBrokers.test(file),
  ),
)('%s decides nothing by the name of a broker', (file) => {
  expect(read(file).match(brokerName) ?? []).toEqual([]);
});

test('a checksum is known to the mutations that take one, and to Kite', () => {
  const knowing = files.filter(
    (file) =>
      !/^(simulator|brokers\/kite)\//.test(file) && said(read(file), /[Cc]hecksum/g).length > 0,
  );
  expect(knowing.toSorted()).toEqual([
    'brokers/broker.ts',
    'schema/session/exchange-token-result.ts',
    'schema/session/exchange-token.ts',
    'schema/session/renew-session.ts',
  ]);
});
