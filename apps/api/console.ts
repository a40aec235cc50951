/**
 * The console of apps/web, at `/` and below /console/. Hides: where its build is, and how it is compressed. Promises: only files of the build are
 * served, read once; only its own scripts run; its pages are not stored, its hashed files for ever. Does not: need a token; the files hold no data.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ROLES } from '#manufacturing/roles';
import { problemOfStatus } from '#platform/http/problem-filter';
import { Problem } from '#platform/problem/problem';
import type { Config } from '#platform/runtime/config';
import { APP_VERSION, DEVELOPMENT_ISSUER } from '#platform/runtime/version';

const BUILD = join(__dirname, '..', '..', 'web');
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const FOR_EVER = 'public, max-age=31536000, immutable';

type File = Readonly<{ type: string; text: Buffer; brotli?: Buffer }>;
/** What standalone writes for the console: one key of this installation, and the tokens of its development issuer. */
export type DevelopmentTokens = Readonly<{ key: string; tokens: Readonly<Record<string, string>> }>;

function filesOf(directory: string): ReadonlyMap<string, File> {
  const files = new Map<string, File>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || !type) continue;
    const path = join(entry.parentPath, entry.name);
    const brotli = existsSync(`${path}.br`) ? readFileSync(`${path}.br`) : undefined;
    files.set(relative(directory, path).split(sep).join('/'), { type, text: readFileSync(path), brotli });
  }
  return files;
}

/** The policy of a page. `nonce` lets the console's own style elements in; there is no other inline text. */
const policy = (nonce: string, issuer: string | undefined) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${issuer ? ` ${issuer}` : ''}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join(';');

/** Where the console signs in at the development issuer: sent before there is a token. */
export const SIGN_IN = '/console/development-token';

/** What the console must know before anybody has signed in. */
function settingsOf(config: Config) {
  const version = APP_VERSION.split('@').at(-1)!;
  const clientId = config.CONSOLE_CLIENT_ID;
  if (!clientId) return { version };
  return { version, openid: { issuer: config.JWT_ISSUER, clientId, scope: config.CONSOLE_SCOPE, audience: config.JWT_AUDIENCE } };
}

/** To be called before the application listens. */
export function serveConsole(server: FastifyInstance, config: Config, build = BUILD): void {
  if (!existsSync(join(build, 'index.html'))) {
    new Logger('console').warn(`The console is not built (${build} is missing): npm run build`);
    return;
  }
  const files = filesOf(build);
  const page = files.get('index.html')!.text.toString('utf8');
  const { JWT_ISSUER } = config;
  const issuer = config.CONSOLE_CLIENT_ID && URL.canParse(JWT_ISSUER!) ? new URL(JWT_ISSUER!).origin : undefined;
  const development = JWT_ISSUER === DEVELOPMENT_ISSUER ? config.DEVELOPMENT_TOKENS : undefined;

  const sendPage = (_request: FastifyRequest, reply: FastifyReply) => {
    const nonce = randomBytes(18).toString('base64');
    return reply.header('content-security-policy', policy(nonce, issuer)).type(TYPES['.html']!).send(page.replace('%NONCE%', nonce));
  };
  const sendFile = (request: FastifyRequest, reply: FastifyReply) => {
    const path = (request.params as { '*': string })['*'];
    const file = files.get(path);
    // Pages have addresses of their own, ids with dots included; only the folder of hashed files can miss one.
    if (!file || path === 'index.html') {
      if (path.startsWith('assets/')) throw problemOfStatus(404);
      return sendPage(request, reply);
    }
    const packed = file.brotli && /\bbr\b/.test(String(request.headers['accept-encoding'] ?? '')) ? file.brotli : undefined;
    return reply
      .headers({ 'cache-control': path.startsWith('assets/') ? FOR_EVER : 'no-cache', vary: 'accept-encoding' })
      .headers(packed ? { 'content-encoding': 'br' } : {})
      .type(file.type)
      .send(packed ?? file.text);
  };
  for (const url of ['/', '/console']) server.get(url, sendPage);
  server.get('/console/*', sendFile);
  server.get('/console/settings', async () => {
    const facilities = development ? facilitiesIn(readTokens(development)) : [];
    return { ...settingsOf(config), ...(development && { development: { roles: ROLES, facilities } }) };
  });
  if (development) server.post(SIGN_IN, async ({ body }) => ({ token: developmentToken(readTokens(development), body) }));
}

const readTokens = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as DevelopmentTokens;
const facilitiesIn = ({ tokens }: DevelopmentTokens) => [...new Set(Object.keys(tokens).flatMap((name) => name.split('@').slice(1)))];
const digest = (text: string) => createHash('sha256').update(text).digest();

/** @throws Problem 403 without the key that `npm start` prints */
function developmentToken({ key, tokens }: DevelopmentTokens, body: unknown): string {
  const given = (body ?? {}) as { key?: unknown; name?: unknown };
  const right = typeof given.key === 'string' && timingSafeEqual(digest(given.key), digest(key));
  const token = right && typeof given.name === 'string' && Object.hasOwn(tokens, given.name) ? tokens[given.name] : undefined;
  if (token === undefined)
    throw new Problem(403, 'development-key-wrong', 'The key of this development system is wrong, or it has no such role.', {
      whatToDo: 'Open the address with #key=… that `npm start` prints.',
    });
  return token;
}
