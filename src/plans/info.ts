// What a plan tells resolvers of a field. Most resolvers ask for nothing of it, so that each part is made when it is read.
import type { GraphQLResolveInfo } from 'graphql';
import type { Path } from './place.ts';
import type { PlannedField } from './plan.ts';
import { letGo, type Run } from './run.ts';

/** The facts about a field, as graphql-js gives them. */
export class Info implements GraphQLResolveInfo {
  readonly path: Path;
  readonly #run: Run;
  readonly #field: PlannedField;

  constructor(run: Run, field: PlannedField, path: Path) {
    this.path = path;
    this.#run = run;
    this.#field = field;
  }

  get fieldName() {
    return this.#field.name;
  }

  get fieldNodes() {
    return this.#field.nodes;
  }

  get returnType() {
    return this.#field.definition.type;
  }

  get parentType() {
    return this.#field.parentType;
  }

  get schema() {
    return this.#run.operation.schema;
  }

  get fragments() {
    return this.#run.operation.fragmentDefinitions;
  }

  get rootValue() {
    return this.#run.operation.rootValue;
  }

  get operation() {
    return this.#run.operation.operation;
  }

  get variableValues() {
    return this.#run.operation.variableValues;
  }

  get getAbortSignal() {
    return () => this.#run.abortSignal();
  }

  get getAsyncHelpers() {
    return getAsyncHelpers;
  }
}

const getAsyncHelpers = () => ({
  promiseAll<T>(values: Iterable<T | PromiseLike<T>>) {
    const all = [...values];
    const promise = Promise.all(all);
    promise.catch(() => letGo(all));
    return promise as Promise<Awaited<T>[]>;
  },
  track: letGo,
});
