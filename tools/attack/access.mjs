/** Access control: other plants, other roles, other spellings of paths. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { first, statuses, unless } from './target.mjs';

const REGISTER = { equipmentId: 'north.M9', name: 'Press', equipmentClass: 'press' };

export const checks = [
  [
    'C15',
    'ids of another plant in path, body and GraphQL look like absent ones',
    async (target) => {
      const { south } = target.tokens;
      const strip = ({ json }) =>
        JSON.stringify({ ...json, correlationId: '' })
          .replaceAll('north.M1', 'ID')
          .replaceAll('north.M77', 'ID');
      const [foreign, absent] = await Promise.all([target.get('/equipment/north.M1', south), target.get('/equipment/north.M77', south)]);
      const [hit, miss] = await Promise.all(
        ['north.M1', 'north.M77'].map((equipmentId) => target.post('/equipment/reset-equipment', { equipmentId }, south)),
      );
      const query = await target.graphql('{ equipment(id: "north.M1") { state } }', {}, south);
      return first(
        unless(foreign.status === 404 && strip(foreign) === strip(absent), `path: ${foreign.text} is not ${absent.text}`),
        unless([403, 404].includes(hit.status) && strip(hit) === strip(miss), `body: ${hit.text} is not ${miss.text}`),
        unless(!query.text.includes('Stopped') && !query.json?.data?.equipment, `GraphQL: ${query.text}`),
      );
    },
  ],
  [
    'C16',
    'lists, filters, exports and totals of another plant',
    async (target) => {
      const { south } = target.tokens;
      const paths = [
        '/equipment',
        '/equipment?facilityId=north',
        '/equipment.csv',
        '/material-lot',
        '/order-board',
        '/wip-by-facility',
        '/audit/trail',
        '/audit/replay',
        '/facility',
        '/audit/commands',
      ];
      const answers = await Promise.all(paths.map((path) => target.get(path, south)));
      const leak = answers.findIndex(({ text }) => text.includes('north.'));
      return unless(leak < 0, `${paths[leak]} shows the other plant`);
    },
  ],
  [
    'C17',
    'every GraphQL query by id, and edges between rows',
    async (target) => {
      const { buildSchema, isObjectType } = createRequire(import.meta.url)('graphql');
      const schema = buildSchema(readFileSync(new URL('../../docs/generated/schema.graphql', import.meta.url), 'utf8'));
      const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
      const edge = Object.values(schema.getTypeMap()).find(
        (type) =>
          isObjectType(type) &&
          !roots.includes(type) &&
          !type.name.startsWith('__') &&
          Object.values(type.getFields()).some(({ args }) => args.length > 0),
      );
      const byId = Object.values(schema.getQueryType().getFields()).filter(({ args }) => args.some(({ name }) => name === 'id'));
      const ids = ['north', 'north.M1', 'north.L1', 'north.P1', 'north.W1'];
      const asked = byId.flatMap(({ name }) => ids.map((id) => `{ ${name}(id: "${id}") { __typename } }`));
      const answers = await Promise.all(asked.map((query) => target.graphql(query, {}, target.tokens.south)));
      const leak = answers.findIndex(({ json }) => Object.values(json?.data ?? {}).some((row) => row !== null));
      return first(
        unless(!edge, `${edge?.name} has fields with arguments: check their scope`),
        unless(byId.length > 5, `only ${byId.length} queries by id`),
        unless(leak < 0, `${asked[leak]}: ${answers[leak]?.text.slice(0, 200)}`),
      );
    },
  ],
  [
    'C18',
    'commands of another role, other verbs',
    async (target) => {
      const { operator } = target.tokens;
      const attempts = [
        target.post('/equipment/register-equipment', REGISTER, operator),
        target.post('/production-order/cancel-production-order', { productionOrderId: 'north.P1', reason: 'x' }, operator),
        target.get('/audit/trail', operator),
        target.post('/processes/stop-process', { process: 'x', reason: 'because' }, operator),
        target.post('/views/skip-parked', { view: 'x', partition: 'y', reason: 'because' }, operator),
      ];
      const override = { 'x-http-method-override': 'POST', 'x-method-override': 'DELETE' };
      const verbs = ['PUT', 'DELETE', 'PATCH'].map((method) =>
        target.send(method, '/equipment/register-equipment', { token: operator, body: REGISTER }),
      );
      const trace = await target.raw(`TRACE /me HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`);
      return first(
        await statuses(403, attempts),
        await statuses([404, 405], verbs),
        await statuses(401, [target.send('GET', '/me', { headers: override })]),
        unless(/^HTTP\/1.1 (404|405|501|400)/.test(trace), `TRACE: ${trace.slice(0, 60)}`),
      );
    },
  ],
  [
    'C19',
    'other spellings of a path',
    async (target) => {
      const paths = [
        '/%61udit/trail',
        '//audit/trail',
        '/audit/./trail',
        '/audit/trail;x',
        '/audit/%2e%2e/audit/trail',
        '/AUDIT/TRAIL',
        '/audit/trail/',
        '/audit/trail%00',
      ];
      const answers = await Promise.all(
        paths.map((path) => target.raw(`GET ${path} HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`)),
      );
      const open = answers.findIndex((answer) => !/^HTTP\/1.1 (400|401|404)/.test(answer));
      return unless(open < 0, `${paths[open]}: ${answers[open]?.slice(0, 80)}`);
    },
  ],
  [
    'C20',
    'fields that nobody may set',
    async (target) => {
      const names = [
        'facilityId',
        'tenantId',
        'status',
        'version',
        'createdBy',
        'isAdmin',
        '__v',
        'eventId',
        'timestamp',
        'recordedAt',
        'actor',
        'role',
      ];
      return statuses(
        400,
        names.map((name) => target.post('/equipment/register-equipment', { ...REGISTER, [name]: 'x' }, target.tokens.engineer)),
      );
    },
  ],
  [
    'C21',
    'costs, which operators and devices may not read: REST, CSV, GraphQL, audit',
    async (target) => {
      const asked = [target.tokens.operator, target.tokens.device].flatMap((token) => [
        ...[
          '/allocation-plan',
          '/allocation-plan.csv',
          '/transport-lane',
          '/transport-lane.csv',
          '/audit/history?entity=transport-lane-north.south',
        ].map((path) => target.get(path, token)),
        ...['{ allocationPlans { items { cost } } }', '{ transportLanes { items { costPerUnit } } }'].map(async (query) => {
          const { json } = await target.graphql(query, {}, token);
          return { status: json?.data ? 200 : json?.errors?.[0].extensions.status };
        }),
      ]);
      return statuses(403, asked);
    },
  ],
  [
    'C22',
    'header fields that claim another caller',
    async (target) => {
      const claims = {
        'x-forwarded-for': '10.0.0.1',
        'x-user-id': 'eve',
        'x-tenant': 'south',
        'x-real-ip': '10.0.0.1',
        forwarded: 'for=10.0.0.1',
        'x-roles': 'engineer',
      };
      const { json } = await target.send('GET', '/me', { token: target.tokens.operator, headers: claims });
      return first(
        await statuses(401, [target.send('GET', '/me', { headers: claims })]),
        unless(json.actor === 'operator-1' && json.facilities.join() === 'north', JSON.stringify(json)),
        unless(!target.log().includes('"address":"10.0.0.1"'), 'the log trusts X-Forwarded-For'),
      );
    },
  ],
  [
    'C23',
    'approving one’s own work',
    async (target) => {
      const { engineer } = target.tokens;
      const version = { workMasterId: 'north.P1', version: '1' };
      const facility = { facilityId: 'north', capacityId: 'north.L1', minutesPerUnit: '1', costPerUnit: '1' };
      const operations = [{ operationId: '10', name: 'Press', sequence: 10 }];
      const drafted = await target.post(
        '/work-master/draft-work-master',
        { ...version, product: 'P1', unit: 'pcs', operations, facilities: [facility] },
        engineer,
      );
      const approved = await target.post('/work-master/approve-work-master', version, engineer);
      return first(
        unless(drafted.status === 200, `the draft: ${drafted.text}`),
        unless(approved.status === 422 && approved.json?.code === 'four-eyes', `approved: ${approved.text}`),
      );
    },
  ],
  [
    'C24',
    'internal routes without a token',
    async (target) => {
      const paths = [
        '/processes',
        '/views',
        '/views/parked',
        '/docs',
        '/docs-json',
        '/graphiql',
        '/queues',
        '/admin',
        '/.env',
        '/.git/config',
        '/dist/apps/api/main.js.map',
      ];
      return statuses(
        [401, 404],
        paths.map((path) => target.get(path)),
      );
    },
  ],
  [
    'C25',
    'a subscription of another plant',
    async (target) => {
      const { createClient } = await import('graphql-ws');
      const { default: WebSocket } = await import('ws');
      const { setTimeout: sleep } = await import('node:timers/promises');
      const heard = [];
      const client = createClient({
        url: `${target.api.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${target.tokens.south}` },
        retryAttempts: 0,
      });
      const query = 'subscription { equipmentMoved { id } }';
      client.subscribe(
        { query },
        { next: ({ data }) => heard.push(data?.equipmentMoved.id), error: () => undefined, complete: () => undefined },
      );
      await sleep(500);
      for (const equipmentId of ['north.M1', 'south.M1'])
        await target.post('/equipment/reset-equipment', { equipmentId }, target.tokens.all);
      for (const end = Date.now() + 10_000; !heard.includes('south.M1') && Date.now() < end; await sleep(50));
      await client.dispose();
      return first(
        unless(heard.includes('south.M1'), 'events of the own machine did not arrive'),
        unless(!heard.includes('north.M1'), 'events of the other plant arrived'),
      );
    },
  ],
  [
    'A23',
    'work for another plant, by saying that it can make one’s own product',
    async (target) => {
      const draft = (facilityId) => ({
        workMasterId: 'north.P7',
        version: '1',
        product: 'P7',
        unit: 'pcs',
        operations: [{ operationId: '10', name: 'Press', sequence: 10 }],
        facilities: [{ facilityId, capacityId: `${facilityId}.cut`, minutesPerUnit: '1', costPerUnit: '1' }],
      });
      const send = (facilityId) => target.post('/work-master/draft-work-master', draft(facilityId), target.tokens.engineer);
      return first(await statuses(403, [send('south'), send('nowhere')]), await statuses(200, [send('north')]));
    },
  ],
  [
    'A24',
    'attempts on another plant, and reads of the audit, are in the log, also of a caller who leaves at once',
    async (target) => {
      const { south } = target.tokens;
      const attempts = [
        target.get('/equipment/north.M1', south),
        target.get('/equipment?facilityId=north', south),
        target.get('/genealogy?id=north.L1&direction=FORWARD', south),
        target.get('/audit/history?entity=equipment-north.M1', south),
        target.get('/audit/replay?facility=north', south),
        target.post('/equipment/reset-equipment', { equipmentId: 'north.M1' }, south),
        target.graphql('{ equipment(id: "north.M1") { state } }', {}, south),
      ];
      const reads = ['/audit/trail?first=1', '/audit/trail.csv', '/audit/commands'].map((path) => target.get(path, target.tokens.auditor));
      const idsOf = async (answers) => (await Promise.all(answers)).map(({ headers }) => headers.get('x-correlation-id'));
      const [denied, read] = [await idsOf(attempts), await idsOf(reads)];
      for (let n = 0; n < 5; n += 1) {
        const id = `abandoned-${n}`;
        denied.push(id);
        await target.abandon(
          `GET /equipment/north.M1 HTTP/1.1\r\nHost: ${target.host}\r\nAuthorization: Bearer ${south}\r\nX-Correlation-Id: ${id}\r\n\r\n`,
        );
      }
      const missing = () => {
        const lines = target.log().split('\n');
        const has = (id, ...texts) => lines.some((line) => [id, ...texts].every((text) => line.includes(text)));
        return [
          ...denied
            .filter((id) => !has(id, '"code":"facility-not-in-scope"', '"msg":"denied"'))
            .map((id) => `attempt ${denied.indexOf(id) + 1}`),
          ...read.filter((id) => !has(id, '"msg":"audit read"', '"actor":"auditor-1"')).map((id) => `read ${read.indexOf(id) + 1}`),
        ];
      };
      for (const end = Date.now() + 5_000; missing().length > 0 && Date.now() < end;)
        await new Promise((resolve) => setTimeout(resolve, 50));
      return unless(missing().length === 0, `the log lacks ${missing().join(', ')}`);
    },
  ],
  [
    'A02',
    'a page under another name (DNS rebinding)',
    async (target) => {
      const ask = (host, more = '') => target.raw(`GET /me HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`);
      const [evil, own] = await Promise.all([ask('evil.example'), ask(target.host)]);
      return first(unless(/^HTTP\/1.1 421/.test(evil), evil.slice(0, 80)), unless(/^HTTP\/1.1 401/.test(own), own.slice(0, 80)));
    },
  ],
  [
    'A03',
    'a command id of another actor',
    async (target) => {
      const body = { equipmentId: 'north.M1', reason: 'drill' };
      const key = { 'idempotency-key': 'shared-key-1' };
      const [alice, bob] = [
        await target.issuer.token({ sub: 'alice', roles: ['supervisor'] }),
        await target.issuer.token({ sub: 'bob', roles: ['supervisor'] }),
      ];
      const one = await target.post('/equipment/abort-equipment', body, alice, key);
      const other = await target.post('/equipment/abort-equipment', body, bob, key);
      return first(
        unless(one.status === 200, one.text),
        unless(one.json.commandId !== other.json.commandId, `both have ${one.json.commandId}`),
      );
    },
  ],
];
