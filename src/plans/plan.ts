// What a plan consists of: the fields of each object of an answer, and how each value is completed.
import type {
  FieldNode,
  GraphQLAbstractType,
  GraphQLField,
  GraphQLFieldResolver,
  GraphQLObjectType,
  GraphQLSchema,
} from 'graphql';
import type { FieldDetails } from 'graphql/execution/collectFields.js';

/** How one operation is executed, for one choice of what `@skip` and `@include` leave in. */
export interface Plan {
  readonly schema: GraphQLSchema;
  readonly root: PlannedObject;
  /** How many fields it has, in all of its objects. */
  readonly fields: number;
}

/** The fields that are answered of objects of one type. */
export interface PlannedObject {
  readonly type: GraphQLObjectType;
  readonly fields: readonly PlannedField[];
  /** Whether a response name means something to an object that has a prototype. */
  readonly hasReservedName: boolean;
}

/** One field of an object. */
export interface PlannedField {
  /** Its response name. */
  readonly key: string;
  readonly name: string;
  /** The name of the type that it is a field of. */
  readonly typename: string;
  readonly parentType: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  /** Undefined for a field that is a property of its object. */
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | undefined;
  /** Every selection of it; the first has the arguments. */
  readonly nodes: readonly FieldNode[];
  readonly details: readonly FieldDetails[];
  /** Its arguments; null where they depend on variables. */
  readonly args: Readonly<Record<string, unknown>> | null;
  /** Whether it answers the name of its type. */
  readonly isTypename: boolean;
  readonly shape: Shape;
}

/** How a value is completed. */
export type Shape = LeafShape | ObjectShape | AbstractShape | ListShape;

/** A scalar or an enum. */
export interface LeafShape {
  readonly kind: 'leaf';
  readonly isNonNull: boolean;
  /** Serializes a value for the answer. @throws for a value that is not of the type. */
  readonly coerce: (value: unknown) => unknown;
}

/** An object. */
export interface ObjectShape {
  readonly kind: 'object';
  readonly isNonNull: boolean;
  readonly object: PlannedObject;
}

/** An interface or a union. */
export interface AbstractShape {
  readonly kind: 'abstract';
  readonly isNonNull: boolean;
  readonly type: GraphQLAbstractType;
  /** By the name of the type that a value turns out to have. */
  readonly objects: ReadonlyMap<string, PlannedObject>;
}

/** A list. */
export interface ListShape {
  readonly kind: 'list';
  readonly isNonNull: boolean;
  readonly item: Shape;
}
