/** Fair shares: one caller, or strangers without a login, against everybody else. */
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { first, ROLES, unless } from './target.mjs';

const many = (count, make) => Array.from({ length: count }, (_, n) => make(n));
/** Opens connections and sends nothing; `closed` counts those that the server has closed. */
async function idle(port, count) {
  const held = { sockets: [], closed: 0, end: () => held.sockets.forEach((socket) => socket.destroy()) };
  for (let n = 0; n < count; n += 1) {
    held.sockets.push(
      connect(port, '127.0.0.1')
        .on('error', () => undefined)
        .on('close', () => (held.closed += 1)),
    );
    if (n % 100 === 99) await sleep(20);
  }
  return held;
}
async function until(holds, patience = 10_000) {
  for (const end = Date.now() + patience; !holds() && Date.now() < end;) await sleep(100);
  return holds();
}

export const checks = [
  [
    'A19',
    'strangers that hold connections of api and worker',
    async (target) => {
      const { ports } = JSON.parse(readFileSync(join(target.dataDir, 'state.json'), 'utf8'));
      for (const [app, port, most] of [
        ['api', Number(new URL(target.api).port), 1_024],
        ['worker', ports.worker, 256],
      ]) {
        const held = await idle(port, most + 50);
        const gaveWay = await until(() => held.closed >= 50);
        const { status } = await fetch(`http://127.0.0.1:${port}/health/live`).catch(() => ({ status: 0 }));
        held.end();
        const fault = first(
          unless(gaveWay, `${app}: of ${most + 50} idle connections ${held.closed} gave way`),
          unless(status === 200, `${app}: a new one was answered ${status}`),
        );
        if (fault) return fault;
      }
      return undefined;
    },
  ],
  [
    'A20',
    'calls without a login that fill the event store’s memory',
    async (target) => {
      const ca = readFileSync(join(target.dataDir, 'event-store-login/certificate.pem'));
      const before = target.rss('event-store');
      const [, port] = /@localhost:(\d+)/.exec(target.endpoints.eventstore);
      const sessions = many(10, () => http2.connect(`https://localhost:${port}`, { ca }).on('error', () => undefined));
      const chunk = Buffer.concat([Buffer.from([0, 0, 14, 0, 0]), Buffer.alloc(800_000)]);
      for (const session of sessions)
        for (let n = 0; n < 100; n += 1)
          session
            .request({
              ':method': 'POST',
              ':path': '/event_store.client.streams.Streams/Append',
              'content-type': 'application/grpc',
              te: 'trailers',
            })
            .on('error', () => undefined)
            .write(chunk);
      const ended = await until(() => sessions.every(({ destroyed }) => destroyed));
      const grown = Math.round(target.rss('event-store') - before);
      for (const session of sessions) session.destroy();
      return first(unless(ended, 'the connections go on'), unless(grown < 64, `it holds ${grown} MB more`));
    },
  ],
  [
    'A21',
    'reads of one caller that keep the event store and PostgreSQL busy',
    async (target) => {
      const hog = await target.issuer.token({ sub: 'hog', roles: ROLES });
      const reads = many(300, (n) => target.get(n % 2 ? '/audit/replay?actor=nobody' : '/equipment?waitFor=999999999', hog));
      await sleep(500);
      const answers = await Promise.all([
        target.get('/equipment', target.tokens.operator),
        target.post('/equipment/observe-equipment-state', { equipmentId: 'north.M1', state: 'Idle' }, target.tokens.device),
      ]);
      const wrong = (await Promise.all(reads)).find(({ status }) => status >= 500);
      return first(
        unless(
          answers.every(({ status }) => status === 200),
          `others were answered ${answers.map(({ status }) => status)}`,
        ),
        unless(!wrong, `the caller itself got ${wrong?.text}`),
      );
    },
  ],
  [
    'A22',
    'each field of a query counts',
    async (target) => {
      const token = await target.issuer.token({ sub: 'asker' });
      const query = `{ ${many(15, (n) => `a${n}: me { actor }`).join(' ')} }`;
      const answers = await Promise.all(many(300, () => target.graphql(query, {}, token)));
      const limited = answers.filter(({ status }) => status === 429).length;
      return unless(limited > 0, '4,500 queries passed within one burst of 2,000');
    },
  ],
  [
    'A25',
    'bodies, documents and URLs that are cheap to send',
    async (target) => {
      const { operator: token } = target.tokens;
      const send = (body, bearer = token, path = '/equipment/reset-equipment') => target.send('POST', path, { token: bearer, body });
      const deep = '['.repeat(800_000);
      const blocks = JSON.stringify({ query: `{ equipment(id: """${'\n'.repeat(400_000)}""") { state } }` });
      const attempts = {
        'a deep body': () => send(deep),
        'a deep body without a token': () => send(deep, undefined),
        'a deep body for no route': () => send(deep, undefined, '/nothing'),
        'a document of one long text': () => send(blocks, token, '/graphql'),
      };
      for (const [what, attempt] of Object.entries(attempts)) {
        const before = target.cpu();
        for (let n = 0; n < 5; n += 1) {
          const { status } = await attempt();
          if (![400, 401, 404].includes(status)) return `${what} was answered ${status}`;
        }
        const each = (target.cpu() - before) / 5;
        // Receiving 800 kB takes about half of this.
        if (each > 60) return `${what} took ${each} ms of CPU`;
      }
      const { text } = await target.get(`/equipment?${many(1_800, (n) => `p${n}=1`).join('&')}`, token);
      return unless(text.length < 32_768, `an answer of ${text.length} bytes to 1,800 unknown parameters`);
    },
  ],
];
