// The plans of a gateway: made for documents that are asked for again and again, and kept up to a bound on all of them.
import { tracingChannel } from 'node:diagnostics_channel';
import {
  type DocumentNode,
  defaultFieldResolver,
  type ExecutionResult,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  OperationTypeNode,
  type ValidatedExecutionArgs,
  visit,
} from 'graphql';
import type { Limits } from '../limits.ts';
import { executePlan } from './execute-plan.ts';
import { makePlan } from './make-plan.ts';
import type { Plan } from './plan.ts';

/** A plan, where it is kept, and how much it counts. */
interface Kept {
  readonly plan: Plan;
  readonly home: Map<string, Kept>;
  readonly key: string;
  readonly size: number;
}

/** What is known of a document. */
interface Known {
  /** The variables of its `@skip` and `@include`; null where it has no plans. */
  conditions: readonly string[] | null;
  /** Its plans by operation and by the values of those variables. */
  readonly plans: Map<string, Kept>;
  /** What was asked for last, and how often in a row. */
  lastKey: string;
  uses: number;
}

/** Characters of a document that take about as much memory as one field of a plan. */
const fieldSize = 20;
/** The part of the bound that one plan may take. */
const largestPart = 10;

/**
 * The channels on which graphql-js tells of what it executes. While one of these has a subscriber, graphql-js executes
 * everything, because plans publish nothing.
 */
const traced = ['graphql:execute:rootSelectionSet', 'graphql:resolve'].map((name) =>
  tracingChannel(name),
);

/**
 * The plans of a gateway. They take only documents that were validated. A plan is made after some uses of a document;
 * beyond the bound the plan that was used least recently goes first.
 */
export class Plans {
  readonly #limits: Limits;
  readonly #known = new WeakMap<DocumentNode, Known>();
  /** In the order in which they were last used. */
  readonly #kept = new Set<Kept>();
  /** The last one in that order: mostly it is used again. */
  #latest: Kept | null = null;
  #size = 0;

  /** @param limits the bounds to keep: planUses and planCharacters. */
  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Executes an operation that is valid. @returns null where it has no plan, and graphql-js has to execute it. */
  execute(operation: ValidatedExecutionArgs): Promise<ExecutionResult> | ExecutionResult | null {
    const plan = this.#planOf(operation);
    return plan === null ? null : executePlan(plan, operation);
  }

  #planOf(operation: ValidatedExecutionArgs): Plan | null {
    const known = this.#knownOf(operation.document);
    const key = keyOf(operation, known.conditions);
    if (key === null || !isPlain(operation)) return null;
    const kept = known.plans.get(key);
    if (kept !== undefined) {
      if (kept !== this.#latest) {
        this.#kept.delete(kept);
        this.#kept.add(kept);
        this.#latest = kept;
      }
      return kept.plan.schema === operation.schema ? kept.plan : null;
    }
    known.uses = key === known.lastKey ? known.uses + 1 : 1;
    known.lastKey = key;
    return known.uses > this.#limits.planUses ? this.#make(operation, known, key) : null;
  }

  #knownOf(document: DocumentNode): Known {
    const known = this.#known.get(document);
    if (known !== undefined) return known;
    const made = { conditions: conditionsOf(document), plans: new Map(), lastKey: '', uses: 0 };
    this.#known.set(document, made);
    return made;
  }

  #make(operation: ValidatedExecutionArgs, known: Known, key: string): Plan | null {
    const max = this.#limits.planCharacters;
    const characters = operation.document.loc?.source.body.length ?? 0;
    const plan = makePlan(operation, (max / largestPart - characters) / fieldSize);
    if (plan === null) {
      known.conditions = null;
      return null;
    }
    const size = characters + plan.fields * fieldSize;
    const kept = { plan, home: known.plans, key, size };
    known.plans.set(key, kept);
    this.#kept.add(kept);
    this.#latest = kept;
    this.#size += size;
    for (const oldest of this.#kept) {
      if (this.#size <= max) break;
      this.#kept.delete(oldest);
      oldest.home.delete(oldest.key);
      this.#size -= oldest.size;
    }
    return plan;
  }
}

/** Whether nothing about an execution is unusual. */
function isPlain(operation: ValidatedExecutionArgs): boolean {
  return (
    operation.operation.operation === OperationTypeNode.QUERY &&
    operation.fieldResolver === defaultFieldResolver &&
    operation.externalAbortSignal === undefined &&
    operation.hooks === undefined &&
    !traced.some(({ hasSubscribers }) => hasSubscribers)
  );
}

/** The operation, and what its variables leave in; null where no plan fits. */
function keyOf(
  { operation, variableValues }: ValidatedExecutionArgs,
  conditions: readonly string[] | null,
): string | null {
  if (conditions === null) return null;
  let key = operation.name?.value ?? '';
  for (const name of conditions) {
    const value = variableValues.coerced[name];
    // Another operation of the document may declare it.
    if (typeof value !== 'boolean' && value !== undefined) return null;
    key += value === undefined ? ' -' : value ? ' 1' : ' 0';
  }
  return key;
}

/** The variables by which parts of a document are left out; null for one that asks for more than that. */
function conditionsOf(document: DocumentNode): readonly string[] | null {
  const names = new Set<string>();
  let isPlannable = true;
  visit(document, {
    FragmentDefinition({ variableDefinitions = [] }) {
      if (variableDefinitions.length > 0) isPlannable = false;
    },
    Directive({ name, arguments: args = [] }) {
      const isCondition =
        name.value === GraphQLSkipDirective.name || name.value === GraphQLIncludeDirective.name;
      if (!isCondition) isPlannable = false;
      for (const { value } of args) {
        if (value.kind === Kind.VARIABLE) names.add(value.name.value);
      }
    },
  });
  return isPlannable ? [...names] : null;
}
