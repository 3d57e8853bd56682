// Makes the plan of an operation: what graphql-js finds out of a document in each execution, found out once.
import {
  type ArgumentNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getArgumentValues,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  OperationTypeNode,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type ValidatedExecutionArgs,
  visit,
} from 'graphql';
import {
  collectFields,
  collectSubfields,
  type FieldDetails,
} from 'graphql/execution/collectFields.js';
import { leafCoercion } from './execute-plan.ts';
import type { Plan, PlannedField, PlannedObject, Shape } from './plan.ts';

type Collected = ReturnType<typeof collectFields>;

/** Thrown where an operation has no plan. */
class NoPlan extends Error {}

/**
 * Makes the plan of a query, for the values that its variables have in `@skip` and `@include`.
 * @param maxFields the most fields that it may have.
 * @returns null where graphql-js has to execute it.
 */
export function makePlan(operation: ValidatedExecutionArgs, maxFields: number): Plan | null {
  try {
    return new Planner(operation, maxFields).plan();
  } catch {
    // Whatever is wrong, graphql-js says it.
    return null;
  }
}

class Planner {
  readonly #operation: ValidatedExecutionArgs;
  readonly #maxFields: number;
  #fields = 0;

  constructor(operation: ValidatedExecutionArgs, maxFields: number) {
    this.#operation = operation;
    this.#maxFields = maxFields;
  }

  plan(): Plan {
    const { schema, operation, fragments, variableValues, hideSuggestions } = this.#operation;
    const type = schema.getQueryType();
    if (operation.operation !== OperationTypeNode.QUERY || !type) throw new NoPlan();
    const { selectionSet } = operation;
    const root = this.#object(
      type,
      collectFields(schema, fragments, variableValues, type, selectionSet, hideSuggestions),
    );
    return { schema, root, fields: this.#fields };
  }

  #object(
    type: GraphQLObjectType,
    { groupedFieldSet, newDeferUsages }: Pick<Collected, 'groupedFieldSet' | 'newDeferUsages'>,
  ): PlannedObject {
    if (newDeferUsages.length > 0) throw new NoPlan();
    const fields: PlannedField[] = [];
    for (const [key, details] of groupedFieldSet) fields.push(this.#field(type, key, details));
    return { type, fields, hasReservedName: groupedFieldSet.has('__proto__') };
  }

  #field(parentType: GraphQLObjectType, key: string, details: readonly FieldDetails[]) {
    this.#fields += 1;
    const nodes = details.map(({ node }) => node);
    const name = nodes[0]?.name.value ?? '';
    const definition = this.#operation.schema.getField(parentType, name);
    const isIntrospection = definition === SchemaMetaFieldDef || definition === TypeMetaFieldDef;
    if (this.#fields > this.#maxFields || !definition || isIntrospection) throw new NoPlan();
    return {
      key,
      name,
      typename: parentType.name,
      parentType,
      definition,
      resolve: definition.resolve,
      nodes,
      details,
      args: this.#constantArguments(definition, nodes),
      isTypename: definition === TypeNameMetaFieldDef,
      shape: this.#shape(definition.type, details),
    };
  }

  #constantArguments(
    definition: GraphQLField<unknown, unknown>,
    [node]: PlannedField['nodes'],
  ): PlannedField['args'] {
    if (node === undefined || node.arguments?.some(hasVariable)) return null;
    try {
      return Object.freeze(getArgumentValues(definition, node));
    } catch {
      // The error belongs to the field.
      return null;
    }
  }

  #shape(type: GraphQLOutputType, details: readonly FieldDetails[]): Shape {
    const isNonNull = isNonNullType(type);
    const nullable = isNonNull ? type.ofType : type;
    if (isLeafType(nullable)) return { kind: 'leaf', isNonNull, coerce: leafCoercion(nullable) };
    if (isListType(nullable)) {
      return { kind: 'list', isNonNull, item: this.#shape(nullable.ofType, details) };
    }
    if (isObjectType(nullable)) {
      return { kind: 'object', isNonNull, object: this.#below(nullable, details) };
    }
    const objects = new Map<string, PlannedObject>();
    for (const possible of this.#operation.schema.getPossibleTypes(nullable)) {
      objects.set(possible.name, this.#below(possible, details));
    }
    return { kind: 'abstract', isNonNull, type: nullable, objects };
  }

  #below(type: GraphQLObjectType, details: readonly FieldDetails[]): PlannedObject {
    const { schema, fragments, variableValues, hideSuggestions } = this.#operation;
    return this.#object(
      type,
      collectSubfields(schema, fragments, variableValues, type, details, hideSuggestions),
    );
  }
}

function hasVariable(argument: ArgumentNode): boolean {
  let found = false;
  visit(argument.value, {
    Variable() {
      found = true;
    },
  });
  return found;
}
