import { readConfig } from '#platform/runtime/config';
import { createApi } from './api';
import { openapiOf, sdlOf } from './description';

/** The committed descriptions of the api by file name, made from code alone, without any connection. */
export async function describeApi(): Promise<Record<string, string>> {
  const nowhere = {
    EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    JWT_ISSUER: 'none',
    JWKS_URL: 'file:///none',
  };
  const app = await createApi(readConfig('api', [], nowhere));
  await app.init();
  const texts = { 'openapi.json': `${JSON.stringify(openapiOf(app), null, 2)}\n`, 'schema.graphql': sdlOf(app) };
  await app.close();
  return texts;
}
