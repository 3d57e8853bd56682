// Plugin: bounds on what one document may ask, checked before anything runs.
import {
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type ValidationRule,
  visit,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Lexical tokens in a document; GraphiQL's introspection query has about 300. */
const mostTokens = 2_000;
/** Levels of nested fields; the deepest useful query of this schema has nine, introspection fifteen. */
const deepest = 16;
/** Fields at the root of an operation; each exchange among them may call Kite. */
const mostRootFields = 100;

/** What a gateway may restrict. */
export interface LimitsOptions {
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean;
}

/** Refuses documents that are too long, too deep or too wide. */
export function useLimits({ introspection }: LimitsOptions): Plugin {
  return {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source, options) => parseFn(source, { ...options, maxTokens: mostTokens }));
    },
    onValidate({ addValidationRule }) {
      addValidationRule(DepthRule);
      addValidationRule(RootFieldsRule);
      if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule);
    },
  };
}

const DepthRule: ValidationRule = (context) => ({
  OperationDefinition(operation) {
    // Depth inside a fragment counts from where it is spread; cycles are another rule's business.
    const depthBelow = (
      node: Parameters<typeof visit>[0],
      above: number,
      path: readonly string[],
    ) => {
      let depth = above;
      visit(node, {
        Field: {
          enter(field) {
            depth += 1;
            if (depth <= deepest) return undefined;
            const message = `The query is too deep: ${deepest} levels of fields are allowed.`;
            context.reportError(new GraphQLError(message, { nodes: field }));
            return false;
          },
          leave() {
            depth -= 1;
          },
        },
        FragmentSpread(spread) {
          const name = spread.name.value;
          const fragment = context.getFragment(name);
          if (fragment && !path.includes(name)) depthBelow(fragment, depth, [...path, name]);
        },
      });
    };
    depthBelow(operation, 0, []);
  },
});

const RootFieldsRule: ValidationRule = (context) => ({
  OperationDefinition({ selectionSet }) {
    const fields = selectionSet.selections.filter(({ kind }) => kind === Kind.FIELD);
    const excess = fields[mostRootFields];
    if (excess === undefined) return;
    const message = `The operation is too wide: ${mostRootFields} fields are allowed at its root.`;
    context.reportError(new GraphQLError(message, { nodes: excess }));
  },
});
