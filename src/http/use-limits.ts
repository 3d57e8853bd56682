// Plugin: bounds on what one document may ask, checked before anything runs.
import {
  GraphQLDeferDirective,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Lexical tokens in a document; GraphiQL's introspection query has about 300. */
const mostTokens = 2_000;
/** Levels of nested fields; the deepest useful query of this schema has nine, introspection fifteen. */
const deepest = 16;
/** Fields at the root of an operation; each exchange among them may call Kite. */
const mostRootFields = 100;

/** Deferred fragments of an operation; each comes once for every account, and is held until it is sent. */
const mostDeferred = 20;

/** What a gateway may restrict. */
export interface LimitsOptions {
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean;
}

/** Refuses documents that are too long, too deep or too wide, or come in too many parts. */
export function useLimits({ introspection }: LimitsOptions): Plugin {
  return {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source, options) => parseFn(source, { ...options, maxTokens: mostTokens }));
    },
    onValidate({ addValidationRule }) {
      addValidationRule(DepthRule);
      addValidationRule(RootFieldsRule);
      addValidationRule(DeferredFragmentsRule);
      if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule);
    },
  };
}

const DepthRule: ValidationRule = (context) => {
  // Each fragment is measured once: spread exponentially often, it still costs no more.
  const measured = new Map<string, number>();
  const depthOf = (node: SelectionSetNode | undefined): number => {
    const depths = node?.selections.map((selection) => {
      if (selection.kind === Kind.FIELD) return 1 + depthOf(selection.selectionSet);
      if (selection.kind === Kind.INLINE_FRAGMENT) return depthOf(selection.selectionSet);
      return depthOfFragment(selection.name.value);
    });
    return Math.max(0, ...(depths ?? []));
  };
  const depthOfFragment = (name: string): number => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    // A cycle meets this zero and ends; that it is one, another rule says.
    measured.set(name, 0);
    const depth = depthOf(context.getFragment(name)?.selectionSet);
    measured.set(name, depth);
    return depth;
  };
  return {
    OperationDefinition(operation) {
      if (depthOf(operation.selectionSet) <= deepest) return;
      const message = `The query is too deep: ${deepest} levels of fields are allowed.`;
      context.reportError(new GraphQLError(message, { nodes: operation }));
    },
  };
};

const RootFieldsRule: ValidationRule = (context) => ({
  OperationDefinition(operation) {
    const spread = new Set<string>();
    const countOf = ({ selections }: SelectionSetNode): number =>
      selections.reduce((count, selection) => {
        if (selection.kind === Kind.FIELD) return count + 1;
        if (selection.kind === Kind.INLINE_FRAGMENT) return count + countOf(selection.selectionSet);
        const name = selection.name.value;
        const fragment = spread.has(name) ? undefined : context.getFragment(name);
        spread.add(name);
        return fragment ? count + countOf(fragment.selectionSet) : count;
      }, 0);
    if (countOf(operation.selectionSet) <= mostRootFields) return;
    const message = `The operation is too wide: ${mostRootFields} fields are allowed at its root.`;
    context.reportError(new GraphQLError(message, { nodes: operation }));
  },
});

const DeferredFragmentsRule: ValidationRule = (context) => {
  // As in DepthRule: each fragment is counted once, and a cycle ends.
  const counted = new Map<string, number>();
  const countOf = (set: SelectionSetNode | undefined): number =>
    (set?.selections ?? []).reduce((count, selection) => {
      if (selection.kind === Kind.FIELD) return count + countOf(selection.selectionSet);
      const isDeferred = selection.directives?.some(
        ({ name }) => name.value === GraphQLDeferDirective.name,
      );
      const inside =
        selection.kind === Kind.INLINE_FRAGMENT
          ? countOf(selection.selectionSet)
          : countOfFragment(selection.name.value);
      return count + inside + (isDeferred ? 1 : 0);
    }, 0);
  const countOfFragment = (name: string): number => {
    const known = counted.get(name);
    if (known !== undefined) return known;
    counted.set(name, 0);
    const count = countOf(context.getFragment(name)?.selectionSet);
    counted.set(name, count);
    return count;
  };
  return {
    OperationDefinition(operation) {
      if (countOf(operation.selectionSet) <= mostDeferred) return;
      const message = `The operation comes in too many parts: ${mostDeferred} deferred fragments are allowed.`;
      context.reportError(new GraphQLError(message, { nodes: operation }));
    },
  };
};
