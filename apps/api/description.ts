/**
 * The api described by itself. Hides: what the libraries leave out of it. Promises: the same text for the same code, and the sentence of
 * each command class with its route and its mutation. Does not: serve it (documentation.ts does).
 */
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { APP_VERSION } from '#platform/runtime/version';

type Operation = {
  summary?: string;
  responses: Record<string, unknown>;
  requestBody?: { content?: Record<string, { schema?: { $ref?: string } }> };
};

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
    facts: { type: 'object', additionalProperties: true, description: 'What the rule looked at.' },
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
      'Commands, reads and audit of manufacturing plants. Commands are POSTs that may be repeated safely; reads say which position of the log they reflect.',
    )
    .setVersion(APP_VERSION.split('@').at(-1)!)
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
      operation.responses.default = {
        description: 'A problem.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      };
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
