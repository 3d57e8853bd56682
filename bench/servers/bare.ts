// A server on node:http that executes queries, and does nothing else: with graphql-js, with the executor of
// graphql-tools, or with the gateway's plans. Documents are parsed, validated and planned once.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
// biome-ignore lint/correctness/noUndeclaredDependencies: graphql-yoga brings it, and executes with it by itself.
import { execute as executeByTools } from '@graphql-tools/executor';
import {
  buildSchema,
  type DocumentNode,
  execute as executeByGraphqlJs,
  parse,
  validate,
  validateExecutionArgs,
} from 'graphql';
import { withDefaultLimits } from '../../src/limits.ts';
import { executePlan } from '../../src/plans/execute-plan.ts';
import { makePlan } from '../../src/plans/make-plan.ts';
import type { Plan } from '../../src/plans/plan.ts';
import { AnswerMeter } from '../../src/shared/answer-meter.ts';
import { bothOf, userOf } from '../load/question.ts';
import { tell } from '../processes/messages.ts';
import { bodyOf } from './body.ts';
import { createReads } from './reads.ts';
import { typeDefs } from './schema.ts';

const [, , upstream = '', executor = ''] = process.argv;
const reads = createReads(upstream);
const schema = buildSchema(typeDefs);
const limits = withDefaultLimits();

interface Context {
  readonly authorization: string;
  /** Plans count in it how large an answer becomes. */
  readonly answer: AnswerMeter;
}

const account = {
  user: async (_: unknown, { authorization }: Context) => {
    const profile = await reads.profile(authorization);
    return profile && userOf(profile);
  },
  margins: async (_: unknown, { authorization }: Context) => {
    const margins = await reads.margins(authorization);
    return margins && bothOf(margins);
  },
};
const rootValue = { account: () => account };

const documents = new Map<string, DocumentNode>();
function documentOf(query: string): DocumentNode {
  const known = documents.get(query);
  if (known !== undefined) return known;
  const document = parse(query);
  const [error] = validate(schema, document);
  if (error !== undefined) throw error;
  documents.set(query, document);
  return document;
}

type Args = Parameters<typeof validateExecutionArgs>[0];

const plans = new Map<DocumentNode, Plan>();
function executeByPlan(args: Args) {
  const operation = validateExecutionArgs(args);
  if (!('schema' in operation)) return { errors: operation };
  let plan = plans.get(args.document);
  if (plan === undefined) {
    const made = makePlan(operation, 1_000);
    if (made === null) throw new Error('The query has no plan');
    plan = made;
    plans.set(args.document, plan);
  }
  return executePlan(plan, operation);
}

const executors: Readonly<Record<string, (args: Args) => unknown>> = {
  'graphql-js': executeByGraphqlJs,
  'graphql-tools': executeByTools,
  plans: executeByPlan,
};
const execute = executors[executor] ?? executeByGraphqlJs;

const server = createServer(async (request, response) => {
  const { query, variables } = JSON.parse(await bodyOf(request));
  const { authorization = '' } = request.headers;
  const contextValue: Context = { authorization, answer: new AnswerMeter(limits) };
  const result = await execute({
    schema,
    document: documentOf(query),
    rootValue,
    contextValue,
    variableValues: variables,
  });
  const body = JSON.stringify(result);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => tell((server.address() as AddressInfo).port));
