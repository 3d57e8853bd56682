// Documents as clients send them: parsed, validated, and kept for as long as they are asked for again.
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql';
import type { Limits } from '../../limits.ts';

/** How documents are judged. */
export interface DocumentsOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  /** Rules beside those of the specification. */
  readonly rules: readonly ValidationRule[];
  /** Whether messages may suggest names of the schema. */
  readonly suggestions: boolean;
}

/** A document that may be executed, or why it may not. */
export type Judged =
  | { readonly document: DocumentNode; readonly errors?: undefined }
  | { readonly document?: undefined; readonly errors: readonly GraphQLError[] };

/**
 * The documents of a gateway. Valid ones are kept by their text up to a bound on all texts together; the one that was
 * asked for least recently goes first. Others are not kept, and so cannot take the place of a valid one.
 */
export class Documents {
  readonly #options: DocumentsOptions;
  readonly #rules: readonly ValidationRule[];
  /** In the order in which they were last asked for. */
  readonly #kept = new Map<string, Judged & { readonly document: DocumentNode }>();
  /** The one that is last in that order, if it was found there: mostly it is asked for again. */
  #latest: Judged | null = null;
  #characters = 0;

  constructor(options: DocumentsOptions) {
    this.#options = options;
    this.#rules = [...specifiedRules, ...options.rules];
  }

  /** Finds what came of a text before; undefined where it has to be judged, which takes time. */
  find(text: string): Judged | undefined {
    const known = this.#kept.get(text);
    if (known === undefined || known === this.#latest) return known;
    this.#kept.delete(text);
    this.#kept.set(text, known);
    this.#latest = known;
    return known;
  }

  /** Parses and validates a text, or finds what came of it while its caller waited. */
  judge(text: string): Judged {
    const known = this.find(text);
    if (known !== undefined) return known;
    const judged = this.examine(text);
    if (judged.document !== undefined) this.#keep(text, judged);
    return judged;
  }

  /** Parses and validates a text, and keeps nothing of it. */
  examine(text: string): Judged {
    const { schema, limits, suggestions } = this.#options;
    try {
      const document = parse(text, { maxTokens: limits.documentTokens });
      const errors = validate(schema, document, this.#rules, { hideSuggestions: !suggestions });
      return errors.length > 0 ? { errors: errors.map(refused) } : { document };
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return { errors: [refused(error)] };
    }
  }

  #keep(text: string, judged: { readonly document: DocumentNode }): void {
    const { documentCacheCharacters: max } = this.#options.limits;
    if (text.length > max) return;
    this.#kept.set(text, judged);
    this.#latest = judged;
    this.#characters += text.length;
    for (const [oldest] of this.#kept) {
      if (this.#characters <= max) return;
      this.#kept.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}

/** With HTTP 400, but for clients that ask for plain JSON: those get 200, as GraphQL over HTTP says. */
function refused(error: GraphQLError): GraphQLError {
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, {
    ...(nodes && { nodes }),
    ...(source && { source }),
    ...(positions && { positions }),
    extensions: { http: { status: 400, spec: true } },
  });
}
