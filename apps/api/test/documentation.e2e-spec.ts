import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildSchema, getIntrospectionQuery, isObjectType } from 'graphql';
import { describeApi } from '../describe-api';
import { ApiUnderTest } from './api-under-test';

test('the committed descriptions are what the code says (else: npm run docs)', async () => {
  for (const [name, text] of Object.entries(await describeApi())) {
    const committed = readFileSync(resolve(__dirname, '../../../../docs/generated', name), 'utf8');
    expect(`${name} ${committed === text ? 'is up to date' : 'is not what the code says'}`).toBe(`${name} is up to date`);
  }
}, 30_000);

describe('the OpenAPI document', () => {
  type Json = Record<string, unknown>;
  type Operation = { operationId: string; responses: Record<string, { headers?: Json; content?: Json }>; 'x-roles'?: string[] };
  const document = JSON.parse(readFileSync(resolve(__dirname, '../../../../docs/generated/openapi.json'), 'utf8')) as {
    servers: unknown[];
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Json> };
  };
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

  it('refers only to schemas that it contains, so that generators can use it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference]) => reference!);
    expect(references.length).toBeGreaterThan(300);
    const dangling = references.filter((reference) => !(reference.slice('#/components/schemas/'.length) in document.components.schemas));
    expect(dangling).toEqual([]);
  });

  it('has every field that the same object has in GraphQL', () => {
    const schema = buildSchema(readFileSync(resolve(__dirname, '../../../../docs/generated/schema.graphql'), 'utf8'));
    const both = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .filter(({ name }) => name in document.components.schemas);
    expect(both.length).toBeGreaterThan(40);
    const missing = both.flatMap((type) =>
      Object.keys(type.getFields())
        .filter((field) => !(field in (document.components.schemas[type.name]!.properties as Json)))
        .map((field) => `${type.name}.${field}`),
    );
    expect(missing).toEqual([]);
  });

  it('names a server, the roles and refusals of each operation, and the ETag of commands', () => {
    expect(document.servers).toHaveLength(1);
    for (const { operationId, responses, ...operation } of operations) {
      expect([operationId, Object.keys(responses)]).toEqual([operationId, expect.arrayContaining(['400', '401', '403', '429', '503'])]);
      if (operationId !== 'me') expect([operationId, operation['x-roles']]).toEqual([operationId, expect.any(Array)]);
    }
    expect(document.paths['/equipment/stop-equipment']!.post!.responses['200']!.headers).toHaveProperty('ETag');
    expect(document.paths['/equipment.csv']!.get!.responses['200']!.content).toHaveProperty('text/csv');
  });
});

describe('the documentation', () => {
  let api: ApiUnderTest;
  beforeAll(async () => void (api = await ApiUnderTest.start({ API_DOCS: 'yes' })), 60_000);
  afterAll(() => api?.stop());

  it('is served without a token, and loads nothing from other servers', async () => {
    for (const start of ['/docs', '/graphiql']) {
      const { status, text, headers } = await api.send('GET', start);
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none';.*script-src 'self';/);
      const links = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link!);
      expect(links.length).toBeGreaterThan(2);
      for (const link of links) {
        expect(link).toMatch(/^\/(docs|graphiql)\//);
        const asset = await api.send('GET', link);
        expect([link, asset.status]).toEqual([link, 200]);
        expect(asset.headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
        // Imports and urls in a style sheet would be loaded from other servers.
        if (link.endsWith('.css')) expect(asset.text).not.toMatch(/@import|url\((?!["']?(data:|#))/);
      }
    }
  });

  it('has the description of every command', async () => {
    const { body } = await api.send('GET', '/docs/openapi.json');
    const operations = Object.values(body.paths).flatMap((methods) =>
      Object.values(methods as Record<string, { operationId: string; summary?: string; security?: unknown; requestBody?: unknown }>),
    );
    const commands = operations.filter(({ requestBody }) => requestBody);
    expect(commands.length).toBeGreaterThan(50);
    expect(commands.filter(({ summary }) => !summary).map(({ operationId }) => operationId)).toEqual([]);
    expect(operations.filter(({ security }) => !security).map(({ operationId }) => operationId)).toEqual([]);
    expect(body.paths['/facility/register-facility'].post.requestBody.content['application/json'].schema.$ref).toMatch(/RegisterFacility$/);
    const sdl = await api.send('GET', '/docs/schema.graphql');
    expect(sdl.text).toContain('"""Register a plant of the enterprise."""\n  registerFacility(input: RegisterFacility!): Receipt\n');
  });

  it('allows introspection, for GraphiQL', async () => {
    const { body } = await api.send('POST', '/graphql', {
      body: {
        query:
          '{ __schema { queryType { name } types { name fields { name type { name ofType { name ofType { name ofType { name } } } } } } } }',
      },
    });
    expect(body.data.__schema.queryType.name).toBe('Query');
    expect((await api.send('POST', '/graphql', { body: { query: '{ me { actor } }' } })).status).toBe(401);
  });

  it('works on no more of it than tools ask for', async () => {
    const ask = (query: string) => api.send('POST', '/graphql', { body: { query } });
    expect((await ask(getIntrospectionQuery())).status).toBe(200);
    const all = 'fragment F on __Type { name fields { name args { name type { name ofType { name } } } type { name ofType { name } } } }';
    const wide = Array.from({ length: 250 }, (_, n) => `a${n}: types { ...F }`).join(' ');
    const { status, body } = await ask(`{ __schema { ${wide} } } ${all}`);
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'query-too-large']);
  });
});
