/**
 * The descriptions of the api. Hides: what the libraries leave out. Promises: the same text for the same code, and the sentence of
 * each command class at its route and its mutation. Does not: serve it (documentation.ts does).
 */
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { APP_VERSION } from '#platform/runtime/version';

type Operation = {
  operationId?: string;
  summary?: string;
  description?: string;
  parameters?: { name: string; in: string }[];
  responses: Record<string, { description: string; headers?: object; content?: Record<string, { schema: object }> }>;
  requestBody?: { content?: Record<string, { schema?: { $ref?: string } }> };
  'x-roles'?: readonly string[];
};

/** What each status means, wherever it is answered. */
const REFUSALS: Readonly<Record<string, string>> = {
  400: 'The request is malformed. `errors` names each field.',
  401: 'No valid token.',
  403: 'Your roles or facilities do not allow this.',
  404: 'Not found, or in a facility outside your scope.',
  409: 'A business rule does not allow it in the current state, or the command id was used for another command.',
  412: 'The stream is not at the revision that `If-Match` requires.',
  422: 'A business rule refused the command.',
  429: 'Too many requests; retry after `Retry-After` seconds.',
  503: 'A part of the system does not answer; the outcome is unknown. Retry with the same command id after `Retry-After` seconds.',
};
const READS = ['400', '401', '403', '429', '503'];
const COMMANDS = ['400', '401', '403', '404', '409', '412', '422', '429', '503'];

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

/** Completes an operation: refusals, the ETag, and who may call it. */
function complete(operation: Operation): void {
  const isCommand = operation.parameters?.some(({ name }) => name === 'Idempotency-Key') ?? false;
  const byId = operation.parameters?.some((parameter) => parameter.in === 'path') ?? false;
  for (const status of isCommand ? COMMANDS : byId ? [...READS, '404'] : READS) operation.responses[status] ??= problem(REFUSALS[status]!);
  operation.responses.default = problem('A problem.');
  const roles = operation['x-roles'];
  if (roles) operation.description = [operation.description, `Roles: ${roles.join(', ')}.`].filter(Boolean).join(' ');
  const success = operation.responses['200'];
  if (!success) return;
  success.description ||= 'Accepted; a retry with the same command id gets the same answer.';
  if (isCommand || byId)
    success.headers = { ETag: { description: 'The revision of the stream, for `If-Match`.', schema: { type: 'string', example: '"7"' } } };
}

const PROBLEM = {
  type: 'object',
  description: 'A problem (RFC 9457). `code` is permanent: match on it.',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string', example: 'urn:problem:stale-revision' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', example: 'stale-revision' },
    detail: { type: 'string' },
    whatToDo: { type: 'string' },
    facts: { type: 'object', additionalProperties: true, description: 'The values that the rule compared.' },
    errors: { type: 'array', items: { type: 'object', properties: { field: { type: 'string' }, message: { type: 'string' } } } },
    retryAfterSeconds: { type: 'integer' },
    correlationId: { type: 'string' },
  },
};

/** OpenAPI 3 of the REST api. */
export function openapiOf(app: NestFastifyApplication): OpenAPIObject {
  const { schema } = app.get(GraphQLSchemaHost);
  const about = new DocumentBuilder()
    .setTitle('Plantlog')
    .setDescription(
      'Commands, reads and audit of manufacturing plants. Commands are POSTs that may be repeated safely; reads return the position of the log that they reflect.',
    )
    .setVersion(APP_VERSION.split('@').at(-1)!)
    .addServer('/', 'This installation')
    .setLicense('Proprietary', 'urn:license:proprietary')
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, about);
  const schemas = (document.components ??= {}).schemas ?? {};
  for (const [name, component] of Object.entries(schemas)) {
    const description = schema.getType(name)?.description;
    if (description && !('$ref' in component)) component.description ??= description;
  }
  document.components.schemas = sorted({ ...schemas, Problem: PROBLEM as never });
  for (const methods of Object.values(document.paths)) {
    for (const operation of Object.values(methods) as Operation[]) {
      if (!operation?.responses) continue;
      const input = operation.requestBody?.content?.['application/json']?.schema?.$ref?.split('/').at(-1);
      if (input) operation.summary ||= schema.getType(input)?.description ?? '';
      complete(operation);
    }
  }
  document.paths = sorted(document.paths);
  return document;
}

/** SDL of the GraphQL api. */
export const sdlOf = (app: NestFastifyApplication): string =>
  `${printSchema(lexicographicSortSchema(app.get(GraphQLSchemaHost).schema))}\n`;

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
