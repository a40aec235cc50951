/**
 * The api's own documentation: Swagger UI at /docs, GraphiQL at /graphiql. Hides: where their files are. Promises: everything comes from
 * this server, and only its own script files run. Does not: need a token; it shows the schema, no data.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { problemOfStatus } from '#platform/http/problem-filter';
import { openapiOf, sdlOf } from './description';

type Asset = Readonly<{ type: string; text?: () => string; file?: readonly [pack: string, path: string] }>;

const CSS = 'text/css; charset=utf-8';
const HTML = 'text/html; charset=utf-8';
const JS = 'text/javascript; charset=utf-8';

const page = (title: string, styles: readonly string[], scripts: readonly string[], id: string) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
${styles.map((href) => `<link rel="stylesheet" href="${href}">`).join('\n')}
<style>html, body, #${id} { margin: 0; height: 100%; }</style></head>
<body><div id="${id}"></div>
${scripts.map((src) => `<script src="${src}"></script>`).join('\n')}
</body></html>
`;

const startSwagger = `window.onload = () => SwaggerUIBundle({
  url: '/docs/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null, docExpansion: 'none', filter: true, tryItOutEnabled: true,
});
`;

const startGraphiql = `const socket = location.origin.replace(/^http/, 'ws') + '/graphql';
ReactDOM.createRoot(document.getElementById('graphiql')).render(React.createElement(GraphiQL, {
  fetcher: GraphiQL.createFetcher({ url: '/graphql', subscriptionUrl: socket }),
  isHeadersEditorEnabled: true,
  defaultHeaders: JSON.stringify({ authorization: '' }, null, 2),
  defaultQuery: '# Put "Bearer <token>" (npm start: endpoints.json) into the header below.\\n{\\n  me {\\n    actor\\n    roles\\n    facilities\\n  }\\n}\\n',
}));
`;

/** A file of a package. GraphiQL is a development dependency: in an image without those, GraphiQL answers 404. */
async function fileOf(pack: string, path: string): Promise<string> {
  try {
    return await readFile(join(dirname(require.resolve(`${pack}/package.json`)), path), 'utf8');
  } catch {
    throw problemOfStatus(404);
  }
}

/** Served when `API_DOCS` is `yes`; to be called before the application listens. */
export function serveDocumentation(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const assets: Record<string, Asset> = {
    '/docs': {
      type: HTML,
      text: () => page('Plantlog REST', ['/docs/swagger-ui.css'], ['/docs/swagger-ui-bundle.js', '/docs/start.js'], 'docs'),
    },
    '/docs/start.js': { type: JS, text: () => startSwagger },
    '/docs/swagger-ui.css': { type: CSS, file: ['swagger-ui-dist', 'swagger-ui.css'] },
    '/docs/swagger-ui-bundle.js': { type: JS, file: ['swagger-ui-dist', 'swagger-ui-bundle.js'] },
    '/docs/openapi.json': { type: 'application/json; charset=utf-8', text: () => JSON.stringify(openapiOf(app)) },
    '/docs/schema.graphql': { type: 'text/plain; charset=utf-8', text: () => sdlOf(app) },
    '/graphiql': {
      type: HTML,
      text: () =>
        page(
          'Plantlog GraphQL',
          ['/graphiql/graphiql.css'],
          ['react', 'react-dom', 'graphiql', 'start'].map((name) => `/graphiql/${name}.js`),
          'graphiql',
        ),
    },
    '/graphiql/start.js': { type: JS, text: () => startGraphiql },
    '/graphiql/graphiql.css': { type: CSS, file: ['graphiql', 'graphiql.min.css'] },
    '/graphiql/graphiql.js': { type: JS, file: ['graphiql', 'graphiql.min.js'] },
    '/graphiql/react.js': { type: JS, file: ['graphiql-react', 'umd/react.production.min.js'] },
    '/graphiql/react-dom.js': { type: JS, file: ['graphiql-react-dom', 'umd/react-dom.production.min.js'] },
  };
  const policy =
    "default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;font-src 'self' data:;connect-src 'self';frame-ancestors 'none'";
  for (const [url, { type, text, file }] of Object.entries(assets)) {
    let content: string | undefined;
    server.route({
      method: 'GET',
      url,
      handler: async (_request, reply) => {
        content ??= file ? await fileOf(...file) : text!();
        // The files of a release do not change while it runs.
        return reply
          .headers({ 'content-security-policy': policy, 'cache-control': file ? 'public, max-age=3600' : 'no-cache' })
          .type(type)
          .send(content);
      },
    });
  }
}
