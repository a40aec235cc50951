/**
 * The same command served with Emmett: its command handler on PostgreSQL, behind Fastify with compiled validation and a token check that
 * caches tokens as long as ours. (Emmett has no web adapters for its current version.) Run as a separate app: `node emmett-commands.mjs
 * <postgres url> <key set> <issuer>`; says `LISTENING <port>`.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { listening } from '../../faults/parts.mjs';
import { install } from './contenders.mjs';

const folder = new URL('./others/', import.meta.url);
const self = fileURLToPath(import.meta.url);

/** The server, as a separate app. */
export async function startEmmett(url, keys, issuer, say) {
  install(say);
  const served = await listening(spawn(process.execPath, [self, url, keys, issuer], { stdio: ['ignore', 'pipe', 'pipe'] }));
  return { port: served.port, pid: served.child.pid, stop: () => served.kill('SIGTERM') };
}

async function serve(url, keys, issuer) {
  const need = createRequire(new URL('package.json', folder));
  const ours = createRequire(import.meta.url);
  const { CommandHandler } = need('@event-driven-io/emmett');
  const { getPostgreSQLEventStore } = need('@event-driven-io/emmett-postgresql');
  const { createLocalJWKSet, jwtVerify } = ours('jose');
  const store = getPostgreSQLEventStore(url);
  await store.schema.migrate();
  const set = createLocalJWKSet(JSON.parse(readFileSync(keys, 'utf8')));
  const remembered = new Map();
  const callerOf = async ({ headers }) => {
    const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    const known = remembered.get(token);
    if (known && known.until > Date.now()) return known.sub;
    const { payload } = await jwtVerify(token, set, { issuer, audience: 'plantlog' });
    remembered.set(token, { sub: payload.sub, until: Date.now() + 30_000 });
    return payload.sub;
  };
  const handle = CommandHandler({
    initialState: () => ({ name: undefined }),
    evolve: (state, { data }) => ({ ...state, name: data.to ?? data.name }),
  });
  const app = ours('fastify')();
  app.setErrorHandler((error, _request, reply) => reply.status(error.statusCode ?? 500).send({ detail: error.message }));
  const text = { type: 'string', minLength: 1, maxLength: 200 };
  const route = (name, fields, decide) =>
    app.post(
      `/facility/${name}`,
      { schema: { body: { type: 'object', properties: fields, required: Object.keys(fields), additionalProperties: false } } },
      async (request, reply) => {
        const actor = await callerOf(request);
        const { facilityId } = request.body;
        const commandId = randomUUID();
        const metadata = {
          commandId,
          command: name,
          correlationId: randomUUID(),
          causationId: commandId,
          actor,
          role: 'engineer',
          facility: facilityId,
          occurredAt: new Date().toISOString(),
          clock: 'server',
          app: 'emmett',
          schema: 1,
        };
        const { nextExpectedStreamVersion, newEvents } = await handle(store, `facility-${facilityId}`, (state) => ({
          ...decide(request.body, state),
          metadata,
        }));
        reply.header('etag', `"${nextExpectedStreamVersion}"`);
        return {
          commandId,
          id: facilityId,
          revision: String(nextExpectedStreamVersion),
          changed: true,
          events: newEvents.map(({ type }) => type),
        };
      },
    );
  const names = { facilityId: text, name: text };
  route('register-facility', { ...names, enterpriseId: text, enterpriseName: text, timeZone: text }, (body) => ({
    type: 'FacilityRegistered',
    data: body,
  }));
  route('rename-facility', names, ({ facilityId, name }, state) => ({
    type: 'FacilityRenamed',
    data: { facilityId, from: state.name, to: name },
  }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  console.log(`LISTENING ${app.server.address().port}`);
  process.once('SIGTERM', () => process.exit(0));
}

if (process.argv[1] === self) await serve(...process.argv.slice(2));
