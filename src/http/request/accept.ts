// What answers a client accepts: in which media types, by the Accept header with its weights, and how old, by
// Cache-Control as requests send it (RFC 9111, section 5.2.1).

const supported = [
  'application/json',
  'application/graphql-response+json',
  'multipart/mixed',
  'text/event-stream',
] as const;

type Supported = (typeof supported)[number];

/** What an Accept header asks for. */
export interface Accepted {
  /** The type for an answer that comes whole, the preferred one first; null where JSON is not accepted. */
  readonly json: 'application/json' | 'application/graphql-response+json' | null;
  /** Whether an answer may come in parts. A mere wildcard does not ask for parts where JSON is named beside it. */
  readonly parts: boolean;
  /** Whether an answer may be a stream of events. */
  readonly events: boolean;
  /** The same wishes without weights, the preferred type first, for code that reads no weights. */
  readonly header: string;
}

interface Wish {
  readonly type: string;
  readonly weight: number;
}

/** Reads an Accept header. Without one, everything is accepted. */
export function readAccept(header: string | null | undefined): Accepted {
  return usual.get(header ?? '*/*') ?? read(header ?? '*/*');
}

function read(header: string): Accepted {
  const wishes = wishesIn(header);
  const weights = new Map(supported.map((type) => [type, weightOf(type, wishes)]));
  const accepted = wishes
    .filter(({ weight }) => weight > 0)
    .toSorted((one, other) => other.weight - one.weight)
    .flatMap(({ type }) => supported.filter((each) => matches(type, each)))
    .filter((type) => (weights.get(type) ?? 0) > 0);
  const types = [...new Set(accepted)];
  const isNamed = (type: Supported) => wishes.some((wish) => wish.type === type && wish.weight > 0);
  const namesJson = isNamed('application/json') || isNamed('application/graphql-response+json');
  const takesParts = types.includes('multipart/mixed') || types.includes('text/event-stream');
  const namesParts = wishes.some(
    ({ type, weight }) =>
      weight > 0 && /^(multipart\/(mixed|\*)|text\/(event-stream|\*))$/.test(type),
  );
  const isLesserPart = (type: Supported) =>
    type === 'multipart/mixed' &&
    (weights.get(type) ?? 0) < (weights.get('text/event-stream') ?? 0);
  return {
    json:
      types.find(
        (type) => type === 'application/json' || type === 'application/graphql-response+json',
      ) ?? null,
    parts: takesParts && (namesParts || !namesJson),
    events: types.includes('text/event-stream'),
    // Yoga prefers multipart/mixed wherever it is accepted.
    header: types.filter((type) => !isLesserPart(type)).join(', '),
  };
}

function wishesIn(header: string): readonly Wish[] {
  return header
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';').map((piece) => piece.trim()))
    .filter((pieces) => pieces.every((piece) => !/^charset=(?!"?utf-8"?$)/.test(piece)))
    .map(([type = '', ...parameters]) => {
      const weight = parameters.find((each) => each.startsWith('q='))?.slice(2);
      return { type, weight: weight === undefined ? 1 : Number(weight) || 0 };
    });
}

/** As the most specific wish says it. */
function weightOf(type: Supported, wishes: readonly Wish[]): number {
  const [group] = type.split('/');
  for (const name of [type, `${group}/*`, '*/*']) {
    const wish = wishes.find((each) => each.type === name);
    if (wish !== undefined) return wish.weight;
  }
  return 0;
}

function matches(wish: string, type: Supported): boolean {
  return wish === '*/*' || wish === type || wish === `${type.split('/')[0]}/*`;
}

/** What most clients send, read once. */
const usual = new Map(
  [
    '*/*',
    'application/json',
    'application/json, */*',
    'application/json, multipart/mixed',
    'application/graphql-response+json',
    'application/graphql-response+json, application/json',
    'application/graphql-response+json, application/json;q=0.9',
    'application/graphql-response+json,application/json;q=0.9',
    'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
  ].map((header) => [header, read(header)]),
);

// A directive: a name, and perhaps a value, which is a word or a quoted string. Whatever else there is up to the
// next comma means nothing.
const directive = /([^\s,;="]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?([^,]*)/g;

/**
 * Seconds: the greatest age of an answer that the header accepts; 0 where it names none, or none that can be read.
 * Of several max-age the least counts; `no-cache` and `no-store` win.
 */
export function acceptedAge(header: string | null): number {
  if (header === null) return 0;
  const ages: number[] = [];
  for (const [, name = '', quoted, word, rest = ''] of header.matchAll(directive)) {
    const lowerCase = name.toLowerCase();
    if (lowerCase === 'no-cache' || lowerCase === 'no-store') return 0;
    if (lowerCase === 'max-age') ages.push(rest.trim() === '' ? seconds(quoted ?? word) : 0);
  }
  return ages.length === 0 ? 0 : Math.min(...ages);
}

function seconds(value: string | undefined): number {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : 0;
}
