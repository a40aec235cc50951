/** Runs in the client's folder: generates operations.ts from schema.graphql and tour.graphql. */
import { readFileSync, writeFileSync } from 'node:fs';
import { codegen } from '@graphql-codegen/core';
import * as typedDocuments from '@graphql-codegen/typed-document-node';
import * as operations from '@graphql-codegen/typescript-operations';
import { parse } from 'graphql';

const config = {
  scalars: { Decimal: 'string', DateTime: 'string', Json: 'unknown', ID: 'string' },
  strictScalars: true,
  enumsAsTypes: true,
  useTypeImports: true,
};
const output = await codegen({
  filename: 'operations.ts',
  schema: parse(readFileSync('schema.graphql', 'utf8')),
  documents: [{ location: 'tour.graphql', document: parse(readFileSync('tour.graphql', 'utf8')) }],
  config,
  plugins: [{ operations: {} }, { typedDocuments: {} }],
  pluginMap: { operations, typedDocuments },
});
writeFileSync('operations.ts', output);
