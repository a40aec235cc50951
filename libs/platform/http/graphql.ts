/**
 * GraphQL over HTTP. Hides: Mercurius and its default answers. Promises: only bounded documents of verified callers are executed;
 * errors have the same codes as REST and no internal details. Does not: subscriptions (subscriptions.ts).
 */
import { Logger } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  getNamedType,
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  type DocumentNode,
  type ASTVisitor,
  type ExecutionResult,
  type GraphQLFormattedError,
  type GraphQLSchema,
  type ValidationContext,
} from 'graphql';
import { unauthenticated } from '#platform/security/auth';
import { addBehind, type GraphqlContext } from './graphql-behind';
import { SchemaOnce } from './graphql-driver';
import { LIMITS, requestsIn, tooLong, tooMuch } from './graphql-limits';
import { Problem } from '#platform/problem/problem';
import { extensionsOf, problemFrom, problemOfStatus } from './problem-filter';

const log = new Logger('graphql');

/** A GraphQL error as the client gets it. Messages of the GraphQL library are passed on; its suggestions only if the schema is open. */
export function errorForClient(error: GraphQLError, open: boolean): GraphQLFormattedError {
  const { originalError } = error;
  const place = { ...(error.locations ? { locations: error.locations } : {}), ...(error.path ? { path: error.path } : {}) };
  const ofLanguage = !originalError || (originalError instanceof GraphQLError && !originalError.originalError);
  if (ofLanguage && !(error instanceof Problem)) {
    const message = open ? error.message : error.message.replace(/ Did you mean .*$/s, '');
    return { message: message.slice(0, 500), ...place, extensions: { code: 'invalid-query', status: 400, ...error.extensions } };
  }
  const problem = problemFrom(originalError);
  if (problem.status === 500) log.error(originalError?.stack ?? error.message);
  return { message: problem.message, ...place, extensions: extensionsOf(problem) };
}

type Faulty = Readonly<{ data?: unknown; errors?: readonly Error[] }>;

/** The errors of a result and its HTTP status: 200 if it was executed, unless no field could be served. */
function errorsForClient(
  { data, errors = [] }: Faulty,
  open: boolean,
): { status: number; errors: GraphQLFormattedError[]; retryAfter?: number } {
  const flat = errors.flatMap((error) => {
    const { originalError } = error as GraphQLError;
    const inner = ((originalError ?? error) as { errors?: unknown }).errors;
    return Array.isArray(inner) ? (inner as GraphQLError[]) : [error];
  });
  const formatted = flat.map((error) =>
    errorForClient(error instanceof GraphQLError ? error : new GraphQLError(error.message, { originalError: error }), open),
  );
  const statuses = formatted.map(({ extensions }) => extensions?.status as number);
  const nothing = data === undefined || data === null || Object.values(data).every((value) => value === null);
  const status = nothing ? ([401, 429, 507, 503, 500].find((code) => statuses.includes(code)) ?? 200) : 200;
  const wait = formatted.find(({ extensions }) => extensions?.retryAfterSeconds !== undefined)?.extensions?.retryAfterSeconds as
    number | undefined;
  return { status, errors: formatted, ...(wait === undefined || status === 200 ? {} : { retryAfter: wait }) };
}

function answer(reply: FastifyReply, status: number, errors: readonly GraphQLFormattedError[], retryAfter?: number): FastifyReply {
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(retryAfter)));
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.status(status).header('content-type', 'application/json; charset=utf-8').send({ data: null, errors });
}

/** A mutation is described by the JSDoc of its command class. */
function describeMutations(schema: GraphQLSchema): GraphQLSchema {
  for (const mutation of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const input = mutation.args.find(({ name }) => name === 'input');
    mutation.description ??= input && getNamedType(input.type).description;
  }
  return schema;
}

/** Refuses a subscription by POST, which would get a single, empty answer. */
const noSubscription =
  (operationName: string | undefined) =>
  (context: ValidationContext): ASTVisitor => ({
    Document: {
      enter(document) {
        if (getOperationAST(document, operationName)?.operation !== OperationTypeNode.SUBSCRIPTION) return;
        context.reportError(new GraphQLError('Send subscriptions over a websocket (graphql-transport-ws) at /graphql, not by POST.'));
      },
    },
  });

/** The module that serves POST /graphql. `open`: the schema is readable, also without a token. */
export const graphqlModule = (open: boolean) =>
  GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: SchemaOnce,
    autoSchemaFile: true,
    // The check would run the whole introspection at each start; the spec of the api's description runs it once per change.
    buildSchemaOptions: { skipCheck: true },
    path: '/graphql',
    // Its document cache would be keyed by the whole text, and rules that depend on variables exclude it.
    cache: false,
    transformSchema: describeMutations,
    allowBatchedQueries: false,
    graphiql: false,
    subscription: false,
    graphql: { parseOptions: { maxTokens: LIMITS.tokens, noLocation: false }, validateOptions: { maxErrors: 10 } },
    validationRules: ({ operationName }: { operationName?: string }) => [
      ...(open ? [] : [NoSchemaIntrospectionCustomRule]),
      noSubscription(operationName),
    ],
    context: (request: FastifyRequest, reply: FastifyReply) => ({ request, reply }),
    errorFormatter: (execution: ExecutionResult, context: { reply?: FastifyReply }) => {
      const { status, errors, retryAfter } = errorsForClient(execution, open);
      noteDenial(context.reply?.request, errors);
      if (retryAfter !== undefined) context.reply?.header('retry-after', String(Math.ceil(retryAfter)));
      if (status === 401) context.reply?.header('www-authenticate', 'Bearer');
      return {
        statusCode: status,
        response: { data: (execution.data ?? null) as Record<string, unknown> | null, errors: errors as never },
      };
    },
    errorHandler: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      const { inner, status } = requestFault(error);
      const { errors, retryAfter } = errorsForClient({ errors: inner }, open);
      return answer(reply, status ?? (errors[0]?.extensions?.status as number) ?? 400, errors, retryAfter);
    },
    hooks: {
      onResolution: (execution: ExecutionResult, context: GraphqlContext) => addBehind(execution as never, context),
      preParsing: (_schema: unknown, source: string, { request }: { request: FastifyRequest }) => {
        if (!open && !request.about.principal) throw unauthenticated('This request has no access token.');
        const errors = tooLong(source);
        if (errors.length > 0) throw Object.assign(new Error('The query is too long.'), { errors });
        // Mercurius would treat JSON as a parsed document and skip the token limit.
        if (isJson(source)) throw new Problem(400, 'invalid-query', 'The query must be a GraphQL document.');
      },
      preValidation: (schema: GraphQLSchema, document: DocumentNode, { request }: { request: FastifyRequest }) => {
        const { variables } = request.body as { variables?: Record<string, unknown> };
        const errors = tooMuch(schema, document, variables, open);
        if (errors.length > 0) throw Object.assign(new Error('The query is too large.'), { errors });
        request.charge?.(requestsIn(document) - 1);
      },
    } as never,
  } as unknown as MercuriusDriverConfig);

function requestFault(error: Error): { inner: readonly Error[]; status?: number } {
  const { errors, statusCode, code } = error as { errors?: unknown; statusCode?: number; code?: string };
  if (Array.isArray(errors)) return { inner: errors as Error[], status: statusCode === 405 ? 405 : 400 };
  if (code?.startsWith('MER_') || (error as { validation?: unknown }).validation)
    return { inner: [new GraphQLError('The body must be a GraphQL request: { "query": "…", "variables": { … } }.')], status: 400 };
  return { inner: [error] };
}

/** For the access log: the answer's status does not show that one of its fields was denied. */
function noteDenial(request: FastifyRequest | undefined, errors: readonly GraphQLFormattedError[]): void {
  const denied = errors.find(({ extensions }) => [401, 403, 429].includes(extensions?.status as number));
  if (request && denied) request.denial = String(denied.extensions?.code);
}

const isJson = (source: string): boolean => {
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
};

/** GraphQL accepts POST only: any page could send a GET, and proxies log its URL. Call it before init. */
export function refuseQueriesByGet(server: FastifyInstance): void {
  server.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.url === '/graphql' && request.method !== 'POST' && request.method !== 'OPTIONS')
      return done(problemOfStatus(405));
    done();
  });
}
