/**
 * The GraphQL schema at the start of an app. Hides: how Nest joins types and resolvers. Promises: the schema that Nest would build, without
 * printing it, parsing it again and building it three times more, which was a quarter of the start. Does not: check the schema; the spec of
 * the api's description does, once per change.
 */
import { Injectable } from '@nestjs/common';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';

type Resolver = GraphQLFieldResolver<unknown, unknown>;
type Resolvers = Readonly<Record<string, Readonly<Record<string, Resolver | { resolve?: Resolver; subscribe?: Resolver }>>>>;
/** The parts of Nest's factory that are used here. */
type Inside = {
  resolversExplorerService: { explore(): Resolvers; getAllCtors(): unknown[] };
  gqlSchemaBuilder: { build(file: unknown, options: object, resolvers: unknown[]): Promise<GraphQLSchema> };
};

/** Mercurius with a schema that is built once. */
@Injectable()
export class SchemaOnce extends MercuriusDriver {
  override async generateSchema(options: MercuriusDriverConfig): Promise<GraphQLSchema> {
    const { resolversExplorerService: found, gqlSchemaBuilder } = this.graphQlFactory as unknown as Inside;
    const resolvers = found.explore();
    const schema = await gqlSchemaBuilder.build(options.autoSchemaFile, options, found.getAllCtors());
    resolveBy(schema, resolvers);
    // What graphql-js itself keeps of a schema that is assumed to be valid.
    (schema as unknown as { __validationErrors: readonly Error[] }).__validationErrors = [];
    return (await options.transformSchema?.(schema)) ?? schema;
  }
}

/** @throws Error if a resolver has no field */
function resolveBy(schema: GraphQLSchema, resolvers: Resolvers): void {
  for (const [name, ofType] of Object.entries(resolvers)) {
    const type = schema.getType(name);
    for (const [field, resolver] of Object.entries(ofType)) {
      const at = isObjectType(type) ? type.getFields()[field] : undefined;
      if (!at) throw new Error(`Resolver without a field of an object type: ${name}.${field}`);
      Object.assign(at, typeof resolver === 'function' ? { resolve: resolver } : resolver);
    }
  }
}
