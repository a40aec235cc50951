/** GraphQL: documents that are too expensive. */
import { first, statuses, unless } from './target.mjs';

const times = (count, make) => Array.from({ length: count }, (_, n) => make(n)).join(' ');
/** Must be refused cheaply: measures the api's CPU over many attempts, so that other load on the machine matters little. */
async function refusedCheaply(target, queries, { tries = 10, token = target.tokens.operator } = {}) {
  const before = target.cpu();
  for (const query of queries)
    for (let n = 0; n < tries; n += 1) {
      const { status, json } = await target.graphql(query, {}, token);
      if (status < 400 || json?.data) return `${query.slice(0, 60)}… was answered ${status}`;
    }
  const each = (target.cpu() - before) / (tries * queries.length);
  return unless(each < 40, `${each} ms of CPU for each refused document`);
}
const bomb = `{ ...f0 } ${times(30, (n) => `fragment f${n} on Query { a${n}: me { actor } ...f${n + 1} ...f${n + 1} }`)} fragment f30 on Query { me { actor } }`;
const lists = (first) => times(15, (n) => `a${n}: orderBoard(${first}) { items { productionOrderId legs { workOrderId good scrap } } }`);

export const checks = [
  ['C40', 'depth 50', async (target) => refusedCheaply(target, [`{ me ${'{ me '.repeat(50)} ${'}'.repeat(50)} }`])],
  [
    'C41',
    '10,000 aliases, one field 490 times',
    async (target) => refusedCheaply(target, [`{ ${times(10_000, (n) => `a${n}: me { actor }`)} }`, `{ me { ${'actor '.repeat(490)} } }`]),
  ],
  ['C42', '10,000 directives', async (target) => refusedCheaply(target, [`{ me { actor ${'@x '.repeat(10_000)} } }`])],
  [
    'C43',
    'fragment bombs and cycles',
    async (target) => refusedCheaply(target, [bomb, '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }']),
  ],
  [
    'C44',
    'a batch of 1,000',
    async (target) =>
      statuses(400, [
        target.send('POST', '/graphql', {
          token: target.tokens.operator,
          body: Array.from({ length: 1_000 }, () => ({ query: '{me{actor}}' })),
        }),
      ]),
  ],
  [
    'C45',
    'a billion rows, also by variables and defaults',
    async (target) => {
      const { planner } = target.tokens;
      const huge = await target.graphql('query($n: Int) { orderBoard(first: $n) { items { productionOrderId } } }', { n: 1e9 }, planner);
      return first(
        unless(huge.json?.data?.orderBoard === undefined || huge.json.errors, huge.text.slice(0, 200)),
        await refusedCheaply(target, [`query ($n: Int = 500) { ${lists('first: $n')} }`, `{ ${lists('first: 500')} }`], { token: planner }),
      );
    },
  ],
  [
    'C46',
    'introspection and suggestions',
    async (target) => {
      const answers = await Promise.all(
        ['{ __schema { types { name } } }', '{ __type(name: "Query") { name } }', '{ mee { actor } }'].map((query) =>
          target.graphql(query, {}, target.tokens.operator),
        ),
      );
      const open = answers.find(({ text, json }) => json?.data || /Did you mean/.test(text));
      return unless(!open, open?.text.slice(0, 200));
    },
  ],
  [
    'C47',
    'by GET, as text, as a form',
    async (target) => {
      const { operator: token } = target.tokens;
      const body = '{"query":"{me{actor}}"}';
      return first(
        await statuses(405, [target.get(`/graphql?query=${encodeURIComponent('{me{actor}}')}`, token)]),
        await statuses(
          415,
          ['text/plain', 'multipart/form-data; boundary=x'].map((type) => target.send('POST', '/graphql', { token, body, type })),
        ),
      );
    },
  ],
  [
    'C48',
    'coerced variables, huge documents and variables',
    async (target) => {
      const { operator } = target.tokens;
      const odd = await target.graphql('query($id: ID!) { equipment(id: $id) { state } }', { id: { a: 1 } }, operator);
      const large = await target.graphql(`{ me { actor } # ${'x'.repeat(2_000_000)}\n}`, {}, operator);
      const wide = await target.graphql('{ me { actor } }', { x: 'y'.repeat(2_000_000) }, operator);
      return first(
        unless(odd.json?.errors, odd.text),
        await statuses(413, [large, wide]),
        await refusedCheaply(target, [`{ ${'me { actor } '.repeat(2_000)} }`]),
      );
    },
  ],
  [
    'C49',
    'errors reveal no internals',
    async (target) => {
      const answers = await Promise.all([
        target.graphql('{ me { actor ', {}, target.tokens.operator),
        target.graphql('{ x }', {}, target.tokens.operator),
        target.get('/nothing'),
        target.post('/equipment/reset-equipment', { equipmentId: 7 }, target.tokens.operator),
      ]);
      const leak = answers.find(({ text }) => /node_modules|\.js:\d|at \w+ \(|SELECT |select /.test(text));
      return unless(!leak, leak?.text.slice(0, 200));
    },
  ],
  [
    'C50',
    'persisted queries: asked for by hash, and poisoned',
    async (target) => {
      const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
      const send = (body) => target.send('POST', '/graphql', { token: target.tokens.operator, body });
      await send({ query: '{ me { actor } }', extensions });
      const answers = await Promise.all([{ extensions }, { query: 'a'.repeat(64), persisted: true }, { id: 'x', extensions }].map(send));
      const served = answers.find(({ status, json }) => status < 400 || json?.data);
      return unless(!served, served?.text);
    },
  ],
  [
    'A04',
    '60 hostile messages on one socket',
    async (target) => {
      const { default: WebSocket } = await import('ws');
      const before = target.cpu();
      const socket = new WebSocket(`${target.api.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      await new Promise((resolve) => socket.once('open', resolve));
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${target.tokens.operator}` } }));
      await new Promise((resolve) => socket.once('message', resolve));
      let errors = 0;
      const done = new Promise((resolve) => socket.on('message', () => (errors += 1) === 60 && resolve()));
      for (let n = 0; n < 60; n += 1)
        socket.send(
          JSON.stringify({
            id: String(n),
            type: 'subscribe',
            payload: { query: `subscription { equipmentMoved { ${'id '.repeat(490)} } }` },
          }),
        );
      await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 20_000))]);
      socket.terminate();
      const used = target.cpu() - before;
      return first(unless(errors >= 60, `${errors} of 60 were answered`), unless(used < 1_500, `${used} ms of CPU`));
    },
  ],
  [
    'A05',
    'each mutation of a request counts',
    async (target) => {
      const rows = times(25, (n) => `a${n}: resetEquipment(input: { equipmentId: "north.M1" }) { id }`);
      return refusedCheaply(target, [`mutation { ${rows} }`]);
    },
  ],
];
