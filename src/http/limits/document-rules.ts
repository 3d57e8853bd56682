// Bounds on what one document may ask and contain, checked before anything runs.
import {
  type ASTVisitor,
  GraphQLDeferDirective,
  GraphQLError,
  getNamedType,
  isInputObjectType,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { Limits } from '../../limits.ts';

/**
 * Rules that refuse documents which are too deep or too wide, come in too many parts, or contain a secret.
 * @param introspection whether clients may ask for the schema.
 */
export function documentRules(limits: Limits, introspection: boolean): readonly ValidationRule[] {
  return [
    depthRule(limits.documentDepth),
    rootFieldsRule(limits.rootFields),
    deferredFragmentsRule(limits.deferredFragments),
    introspectionAliasesRule(limits.introspectionAliases),
    secretsRule,
    ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]),
  ];
}

function depthRule(deepest: number): ValidationRule {
  return function DepthRule(context) {
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
}

function rootFieldsRule(most: number): ValidationRule {
  return function RootFieldsRule(context) {
    return {
      OperationDefinition(operation) {
        const spread = new Set<string>();
        const countOf = ({ selections }: SelectionSetNode): number =>
          selections.reduce((count, selection) => {
            if (selection.kind === Kind.FIELD) return count + 1;
            if (selection.kind === Kind.INLINE_FRAGMENT)
              return count + countOf(selection.selectionSet);
            const name = selection.name.value;
            const fragment = spread.has(name) ? undefined : context.getFragment(name);
            spread.add(name);
            return fragment ? count + countOf(fragment.selectionSet) : count;
          }, 0);
        if (countOf(operation.selectionSet) <= most) return;
        const message = `The operation is too wide: ${most} fields are allowed at its root.`;
        context.reportError(new GraphQLError(message, { nodes: operation }));
      },
    };
  };
}

function deferredFragmentsRule(most: number): ValidationRule {
  return function DeferredFragmentsRule(context) {
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
        if (countOf(operation.selectionSet) <= most) return;
        const message = `The operation comes in too many parts: ${most} deferred fragments are allowed.`;
        context.reportError(new GraphQLError(message, { nodes: operation }));
      },
    };
  };
}

/** Below `__schema` and `__type` each alias multiplies what a short document has answered. */
function introspectionAliasesRule(most: number): ValidationRule {
  return function IntrospectionAliasesRule(context) {
    let aliases = 0;
    return {
      Field(field) {
        const isIntrospection =
          field.name.value === '__schema' ||
          field.name.value === '__type' ||
          context.getParentType()?.name.startsWith('__') === true;
        if (!isIntrospection || field.alias === undefined) return;
        aliases += 1;
        if (aliases !== most + 1) return;
        const message = `Too many aliases in the introspection: ${most} are allowed.`;
        context.reportError(new GraphQLError(message, { nodes: field }));
      },
    };
  };
}

/**
 * Refuses documents that contain a secret, as the schema marks them: documents stay parsed, and clients, proxies and
 * registries keep them too. Null is no secret.
 */
function secretsRule(context: ValidationContext): ASTVisitor {
  const asVariables = new Set<string>();
  const withDefaults: VariableDefinitionNode[] = [];
  return {
    ObjectField({ name, value }) {
      const parent = getNamedType(context.getParentInputType());
      const field = isInputObjectType(parent) ? parent.getFields()[name.value] : undefined;
      if (field?.extensions.isSecret !== true || value.kind === Kind.NULL) return;
      if (value.kind === Kind.VARIABLE) asVariables.add(value.name.value);
      else context.reportError(secretError(name.value, value));
    },
    VariableDefinition(definition) {
      const { defaultValue } = definition;
      if (defaultValue && defaultValue.kind !== Kind.NULL) withDefaults.push(definition);
    },
    Document: {
      leave() {
        for (const { variable, defaultValue } of withDefaults) {
          const name = variable.name.value;
          if (asVariables.has(name)) context.reportError(secretError(`$${name}`, defaultValue));
        }
      },
    },
  };
}

function secretError(name: string, node: ValueNode | undefined): GraphQLError {
  const message = `Send ${name} as a variable without a default: a document must not contain it.`;
  return new GraphQLError(message, node && { nodes: node });
}
