// Messages about what a client sent. graphql-js quotes the values that it could not use, and a value may
// be a token, so what is quoted from the request goes; names of fields, types and variables stay.
import { type GraphQLError, Kind } from 'graphql';

const valueKinds = new Set<string>([
  Kind.STRING,
  Kind.INT,
  Kind.FLOAT,
  Kind.BOOLEAN,
  Kind.ENUM,
  Kind.NULL,
  Kind.LIST,
  Kind.OBJECT,
  Kind.OBJECT_FIELD,
]);

const aboutVariable = /^(Variable "\$\w+" has invalid value(?: at [\w.[\]]+)?): ([\s\S]*)$/;

/** The message of a syntax, validation or variable error, without any value of the client's in it. */
export function badRequestMessage(error: GraphQLError): string {
  const { message } = error;
  if (message.startsWith('Syntax Error')) return withoutTokens(message);
  const [, subject, reason] = aboutVariable.exec(message) ?? [];
  if (subject !== undefined) return `${subject}; ${withoutValue(reason ?? '')}`;
  const isAboutValue = error.nodes?.some(({ kind }) => valueKinds.has(kind)) ?? false;
  return isAboutValue ? withoutValue(message) : message;
}

function withoutTokens(message: string): string {
  return message
    .replace(/(Name|String|BlockString|Int|Float) "[\s\S]*"/g, '$1')
    .replace(/sequence: "[\s\S]*"/, 'sequence')
    .replace(/, did you mean [\s\S]*/, '.');
}

function withoutValue(message: string): string {
  const kept = message
    .replace(/^Value [\s\S]* does not exist in/, 'The value does not exist in')
    .replace(/(,? (but encountered error|found)\b| Found:|:)[\s\S]*$/, '');
  return kept.endsWith('.') ? kept : `${kept}.`;
}
