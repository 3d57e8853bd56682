// Reads request collections: Bruno's text files, and Postman's JSON.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A request of a collection, with `{{variables}}` in its texts. */
export interface CollectedRequest {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  readonly variables: string;
}

/** A request of Bruno, with what it asserts of the answer: a path and the value there. */
export interface BrunoRequest extends CollectedRequest {
  readonly assertions: Readonly<Record<string, string>>;
}

/** The requests of a Bruno collection, in their order. */
export function readBruno(folder: string): BrunoRequest[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.bru'));
  const requests = files.map((file) => {
    const blocks = blocksIn(readFileSync(join(folder, file), 'utf8'));
    const { name = '', seq = '' } = pairsIn(blocks.meta);
    return {
      name,
      seq: Number(seq),
      url: pairsIn(blocks.post).url ?? '',
      headers: pairsIn(blocks.headers),
      query: unindented(blocks['body:graphql']),
      variables: unindented(blocks['body:graphql:vars']),
      assertions: pairsIn(blocks.assert),
    };
  });
  return requests.toSorted((one, other) => one.seq - other.seq).map(({ seq: _, ...rest }) => rest);
}

/** The variables of a Bruno environment. */
export function readBrunoEnvironment(file: string): Readonly<Record<string, string>> {
  return pairsIn(blocksIn(readFileSync(file, 'utf8')).vars);
}

/** The requests of a Postman collection, in their order. */
export function readPostman(file: string): CollectedRequest[] {
  const { item } = JSON.parse(readFileSync(file, 'utf8')) as PostmanCollection;
  return item.map(({ name, request: { url, header, body } }) => ({
    name,
    url,
    headers: Object.fromEntries(header.map(({ key, value }) => [key, value])),
    ...body.graphql,
  }));
}

interface PostmanCollection {
  readonly item: readonly {
    readonly name: string;
    readonly request: {
      readonly url: string;
      readonly header: readonly { readonly key: string; readonly value: string }[];
      readonly body: { readonly graphql: { readonly query: string; readonly variables: string } };
    };
  }[];
}

function blocksIn(text: string): Partial<Record<string, string>> {
  const found = text.matchAll(/^([\w:]+) \{\n([\s\S]*?)^\}/gm);
  return Object.fromEntries([...found].map(([, name, body]) => [name, body]));
}

function pairsIn(block = ''): Record<string, string> {
  const lines = block.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = '', value = ''] = /^ {2}([^:]+): (.*)$/.exec(line) ?? [];
      return [name, value];
    }),
  );
}

function unindented(block = ''): string {
  return block.replace(/^ {2}/gm, '').trim();
}
