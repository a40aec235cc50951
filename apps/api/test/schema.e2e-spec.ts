import { GraphQLFactory, GraphQLSchemaHost } from '@nestjs/graphql';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GraphQLSchema, isObjectType, validateSchema } from 'graphql';
import { readConfig } from '#platform/runtime/config';
import { createApi } from '../api';

describe('the GraphQL schema', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    const nowhere = {
      EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
      JWT_ISSUER: 'none',
      JWKS_URL: 'file:///none',
    };
    app = await createApi(readConfig('api', [], nowhere));
    await app.init();
  }, 60_000);
  afterAll(() => app?.close());

  const resolversOf = (schema: GraphQLSchema) =>
    Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .flatMap((type) =>
        Object.values(type.getFields()).map((field) => `${type.name}.${field.name} ${!!field.resolve} ${!!field.subscribe}`),
      )
      .sort();

  it('has the resolvers that Nest would give it', async () => {
    const { schema } = app.get(GraphQLSchemaHost);
    const mine = resolversOf(schema);
    expect(mine.filter((line) => line.includes('true')).length).toBeGreaterThan(100);
    const factory = app.get(GraphQLFactory, { strict: false });
    const ofNest = await factory.generateSchema({ typeDefs: [], autoSchemaFile: true, buildSchemaOptions: { skipCheck: true } });
    expect(mine).toEqual(resolversOf(ofNest));
  });

  it('is valid, which no start checks', () => {
    expect(validateSchema(new GraphQLSchema(app.get(GraphQLSchemaHost).schema.toConfig()))).toEqual([]);
  });
});
