// The table of the fault suite: what was sent, what came of it, and what it cost.

/** One row: what went wrong or was sent, what was answered, what was lost, and what the process used. */
export interface FaultRow {
  /** The fault, and what was sent while it lasted. */
  readonly sent: string;
  /** How many got which answer. */
  readonly answered: string;
  /** What should have been answered or kept, and was not; empty where that is nothing. */
  readonly lost: readonly string[];
  /** Calls that the brokers received; null where they are not counted. */
  readonly brokerCalls: number | null;
  readonly cpuMilliseconds: number;
  readonly peakMegabytes: number;
  /** Of a user beside it, whom the fault does not concern; null where it concerns every user. */
  readonly user: { readonly answers: string; readonly slowestMilliseconds: number } | null;
  readonly memory: Change;
  /** Open descriptors, without connections to brokers. */
  readonly handles: Change;
  /** Idle connections to brokers afterwards. */
  readonly toBrokers: number;
}

/** A number before the fault, and after it. */
export interface Change {
  readonly before: number;
  readonly after: number;
}

/** A test with its rows. */
export interface FaultTest {
  /** The rule that the test holds. */
  readonly title: string;
  /** Its file, from the root of the project. */
  readonly file: string;
  readonly state: string;
  readonly rows: readonly FaultRow[];
}

const heads = [
  'sent',
  'answered',
  'lost',
  'calls to brokers',
  'CPU',
  'peak memory',
  "a user's queries beside it, their slowest",
  'memory',
  'handles',
];

/** The table as text, for the end of a run. */
export function table(tests: readonly FaultTest[]): string {
  const rows = tests.flatMap((test) => test.rows.map(cellsOf));
  return lines(heads, rows);
}

/**
 * The same with the rule of each test and a link to it, for the documentation.
 * @param known the table so far: it keeps the rows of files that have not run.
 */
export function linkedTable(tests: readonly FaultTest[], known: string): string {
  const rows = tests.flatMap(({ title, file, state, rows: own }) => {
    const rule = `[${escaped(title)}](../${file})`;
    if (own.length === 0) return [[rule, state, ...heads.slice(1).map(() => '')]];
    return own.map((row, index) => [index === 0 ? rule : '', ...cellsOf(row)]);
  });
  const files = new Set(tests.map(({ file }) => file));
  const [head = '', rule = '', ...made] = lines([promiseHead, ...heads], rows).split('\n');
  const body = [
    ...byFile(made),
    ...[...byFile(known.split('\n'))].filter(([file]) => !files.has(file)),
  ];
  return [
    head,
    rule,
    ...body.toSorted(([one], [other]) => one.localeCompare(other)).flatMap(([, own]) => own),
  ].join('\n');
}

const promiseHead = 'the gateway’s promise, and its test';

/** The rows of a linked table by file: a row without a link belongs to the one before. */
function byFile(rows: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  let own: string[] | undefined;
  for (const row of rows) {
    const file = /^\| \[.*?\]\(\.\.\/(test\/faults\/.*?)\)/.exec(row)?.[1];
    if (file !== undefined) {
      own = files.get(file) ?? [];
      files.set(file, own);
    }
    if (row.startsWith('| ')) own?.push(row);
  }
  return files;
}

function cellsOf(row: FaultRow): string[] {
  const { user, memory, handles, toBrokers } = row;
  return [
    row.sent,
    row.answered,
    row.lost.length === 0 ? 'nothing' : row.lost.join(', '),
    row.brokerCalls === null ? '' : `${row.brokerCalls}`,
    `${row.cpuMilliseconds} ms`,
    `${row.peakMegabytes} MB`,
    user === null ? '' : `${user.answers}, ${user.slowestMilliseconds} ms`,
    `${memory.before} → ${memory.after} MB`,
    `${handles.before} → ${handles.after}${toBrokers > 0 ? `, ${toBrokers} to brokers` : ''}`,
  ].map(escaped);
}

function lines(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
