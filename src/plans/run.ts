// One execution of a plan: what is awaited, the errors so far, and what resolvers are given.
import {
  type ExecutionResult,
  GraphQLError,
  type GraphQLResolveInfo,
  getArgumentValues,
  responsePathAsArray,
  type ValidatedExecutionArgs,
} from 'graphql';
import { type AnswerMeter, AnswerTooLargeError, omittedError } from '../shared/answer-meter.ts';
import { fieldError } from './field-error.ts';
import { type Holder, nullify, type Path, Place, release, retain, type Slot } from './place.ts';
import type { PlannedField, PlannedObject, Shape } from './plan.ts';

/** Completes a value. Objects and lists need their place for that. @throws what makes it null. */
export type Complete = (
  run: Run,
  field: PlannedField,
  shape: Shape,
  slot: Slot | null,
  value: unknown,
) => unknown;

/** One execution. It settles once, when nothing in the answer is awaited any more. */
export class Run {
  readonly operation: ValidatedExecutionArgs;
  readonly context: unknown;
  readonly answer: AnswerMeter;
  readonly root = new Place(null, '', undefined, {}, false);
  /** What is awaited after the end changes nothing. */
  isDone = false;
  readonly #errors: GraphQLError[] = [];
  #data: unknown = null;
  #resolve: ((result: ExecutionResult) => void) | null = null;
  #aborting: AbortController | null = null;

  constructor(operation: ValidatedExecutionArgs) {
    this.operation = operation;
    this.context = operation.contextValue;
    this.answer = (operation.contextValue as { readonly answer: AnswerMeter }).answer;
  }

  /** Executes the fields of the root, and gives the result: at once where nothing has to be awaited. */
  start(
    fields: PlannedObject,
    execute: (run: Run, object: PlannedObject, around: Place, source: unknown) => Holder,
  ): Promise<ExecutionResult> | ExecutionResult {
    // So that nothing ends it before all of it has begun.
    retain(this.root);
    try {
      this.#data = execute(this, fields, this.root, this.operation.rootValue);
    } catch (error) {
      return this.#failed(error);
    }
    if (release(this.root)) return this.#ended();
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Completes a value once it is there. Until then null stands for it. */
  await(
    field: PlannedField,
    shape: Shape,
    slot: Slot,
    promised: PromiseLike<unknown>,
    complete: Complete,
  ): null {
    retain(slot.parent as Place);
    Promise.resolve(promised).then(
      (value) => {
        if (this.isDone) return;
        try {
          const completed = complete(this, field, shape, slot, value);
          // An error within a list that is still being read may have made all of it null.
          if (!(slot instanceof Place && slot.isNulled)) slot.holder[slot.key] = completed;
        } catch (error) {
          this.#failLate(field, shape, slot, error);
          return;
        }
        this.#release(slot);
      },
      (error: unknown) => this.#failLate(field, shape, slot, error),
    );
    return null;
  }

  /** Completes the value of a place once something is known about it. */
  awaitAt(
    field: PlannedField,
    shape: Shape,
    place: Place,
    promised: PromiseLike<unknown>,
    completeWith: (known: unknown) => unknown,
  ): null {
    return this.await(field, shape, place, promised, (_run, _field, _shape, _place, known) =>
      completeWith(known),
    );
  }

  #failLate(field: PlannedField, shape: Shape, slot: Slot, error: unknown): void {
    if (this.isDone) return;
    try {
      this.failAt(field, shape, slot, error);
    } catch (raised) {
      if (this.#raise(slot.parent as Place, raised)) return;
    }
    this.#release(slot);
  }

  #release({ parent }: Slot): void {
    if (release(parent as Place)) this.#resolve?.(this.#ended());
  }

  /**
   * Makes a value null for an error.
   * @throws the error, with its place, where the value cannot be null.
   */
  failAt(field: PlannedField, { isNonNull }: Shape, slot: Slot, error: unknown): void {
    const { holder, key } = slot;
    const around = slot.parent as Place;
    if (slot instanceof Place) nullify(slot);
    if (error instanceof AnswerTooLargeError) throw error;
    holder[key] = null;
    const path = slot instanceof Place ? slot : pathBelow(around, key, field);
    if (isNonNull) throw located(error, field, path);
    const hasRoom = this.answer.countError(path);
    if (around.isOut) return;
    this.#errors.push(hasRoom ? located(error, field, path) : omittedError);
  }

  /** An error that comes late goes up from a place. @returns whether it has ended the operation. */
  #raise(from: Place, error: unknown): boolean {
    const isForRoot = error instanceof AnswerTooLargeError;
    for (let at = from; ; at = at.parent) {
      if (at.isNulled) return false;
      if (at.parent === null) {
        this.#resolve?.(this.#failed(error));
        return true;
      }
      if (at.isNonNull || isForRoot) continue;
      at.holder[at.key] = null;
      const hasRoom = this.answer.countError(at);
      if (!at.parent.isOut) this.#errors.push(hasRoom ? (error as GraphQLError) : omittedError);
      if (!nullify(at)) return false;
      this.#resolve?.(this.#ended());
      return true;
    }
  }

  #failed(error: unknown): ExecutionResult {
    this.#data = null;
    this.#errors.push(
      error instanceof GraphQLError
        ? error
        : new GraphQLError((error as Error).message, { originalError: error as Error }),
    );
    return this.#ended();
  }

  #ended(): ExecutionResult {
    this.isDone = true;
    this.#aborting?.abort();
    const errors = this.#errors;
    const data = this.#data as NonNullable<ExecutionResult['data']>;
    return errors.length > 0 ? { errors, data } : { data };
  }

  /** The arguments of a field. @throws for variables that do not fit. */
  argumentsOf({ args, definition, nodes }: PlannedField): Record<string, unknown> {
    if (args !== null) return args;
    const { variableValues, hideSuggestions } = this.operation;
    const [node] = nodes as [PlannedField['nodes'][number]];
    return getArgumentValues(definition, node, variableValues, undefined, hideSuggestions);
  }

  /** Fires when the operation is over. */
  abortSignal(): AbortSignal {
    this.#aborting ??= new AbortController();
    if (this.isDone) this.#aborting.abort();
    return this.#aborting.signal;
  }
}

/** The path of a scalar. */
export function pathBelow(around: Place, key: string | number, { typename }: PlannedField): Path {
  return {
    prev: around.parent === null ? undefined : around,
    key,
    typename: typeof key === 'number' ? undefined : typename,
  };
}

function located(error: unknown, { nodes }: PlannedField, path: Path): GraphQLError {
  return fieldError(error, nodes, responsePathAsArray(path));
}

/** The facts about a field. Most resolvers read few of them, so each is made when it is read. */
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

const ignore = () => {};

/** Lets promises reject that are not awaited. */
export function letGo(values: Iterable<unknown>): void {
  for (const value of values) if (isPromiseLike(value)) value.then(ignore, ignore);
}

/** Whether a value is awaited. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as { readonly then?: unknown }).then === 'function';
}
