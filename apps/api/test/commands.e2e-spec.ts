import { randomUUID } from 'node:crypto';
import { EventStore } from '#platform/store/event-store';
import { ApiUnderTest, type Answer } from './api-under-test';
import { DatabaseWire } from './database-wire';

let api: ApiUnderTest;
let store: EventStore;
const wire = new DatabaseWire();
let lots = 0;
const lotId = (facility = 'haifa') => `${facility}.L${(lots += 1)}`;
const receive = (id: string, more: object = {}) => ({ lotId: id, materialId: 'steel', quantity: { amount: '100', unit: 'kg' }, ...more });
const length = async (stream: string) => (await store.read(stream)).length;
/** How many events a stream has, refusals included. */
const traces = async (stream: string) => (await store.read(stream, 0n, { bookkeeping: true })).length;
const problem = ({ status, body }: Answer) => [status, body?.code];

beforeAll(async () => {
  api = await ApiUnderTest.start({}, (url) => wire.to(url));
  store = new EventStore(api.system.eventStoreUrl);
  await api.plants('haifa', 'lyon');
}, 60_000);
afterAll(async () => {
  await store?.close();
  await api?.stop();
  await wire.cut();
});

describe('a command sent many times', () => {
  it('takes effect once, and all get the same answer', async () => {
    const id = lotId();
    await api.post('/material-lot/receive-lot', receive(id));
    const body = { lotId: id, reservationId: 'R1', workOrderId: 'haifa.W1', quantity: { amount: '5', unit: 'kg' } };
    const answers = await Promise.all(
      Array.from({ length: 100 }, () =>
        api.post('/material-lot/reserve-lot', body, api.tokens.operator, { 'idempotency-key': 'reserve once, please' }),
      ),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]!.status).toBe(200);
    expect(answers[0]!.headers.get('etag')).toBe('"1"');
    expect(await length(`material-lot-${id}`)).toBe(2);
  });

  it('is another command when another caller sends it under the same key', async () => {
    const id = lotId();
    const [first, second] = [api.tokens.operator!, api.tokens.supervisor!];
    const sent = await Promise.all(
      [first, second].map((token) => api.post('/material-lot/receive-lot', receive(id), token, { 'idempotency-key': 'k' })),
    );
    expect(new Set(sent.map(({ body }) => body.commandId ?? body.code)).size).toBe(2);
  });

  it('is refused when its content differs under the same id', async () => {
    const [id, commandId] = [lotId(), randomUUID()];
    expect((await api.post('/material-lot/receive-lot', receive(id, { commandId }))).status).toBe(200);
    expect(problem(await api.post('/material-lot/receive-lot', receive(id, { commandId, quantity: { amount: '7', unit: 'kg' } })))).toEqual(
      [409, 'command-id-reused'],
    );
    // For another lot it is another command: the stream that decides keeps the ids.
    expect((await api.post('/material-lot/receive-lot', receive(lotId(), { commandId }))).body).toMatchObject({ changed: true });
    for (const same of [commandId, commandId.toUpperCase()])
      expect((await api.post('/material-lot/receive-lot', receive(id, { commandId: same }))).body).toMatchObject({
        commandId,
        changed: true,
      });
    expect(await length(`material-lot-${id}`)).toBe(1);
  });

  it('gets the first answer also from an api that does not remember it', async () => {
    const [id, commandId] = [lotId(), randomUUID()];
    const first = await api.post('/material-lot/receive-lot', receive(id, { commandId }));
    const other = await api.another();
    const again = await api.send('POST', '/material-lot/receive-lot', {
      body: receive(id, { commandId }),
      token: api.tokens.everywhere,
      at: other.url,
    });
    await other.stop();
    expect(again.body).toEqual(first.body);
    expect(await length(`material-lot-${id}`)).toBe(1);
  });

  it('accepts well-formed keys that agree with the body', async () => {
    for (const key of ['', 'x'.repeat(129), 'x'.repeat(10_000)])
      expect(problem(await api.post('/material-lot/receive-lot', receive(lotId()), undefined, { 'idempotency-key': key }))).toEqual([
        400,
        'invalid-input',
      ]);
    const headers = { 'idempotency-key': 'one' };
    expect((await api.post('/material-lot/receive-lot', receive(lotId(), { commandId: randomUUID() }), undefined, headers)).status).toBe(
      400,
    );
  });
});

describe('the revision', () => {
  it('that a client has seen is the one that it changes, or nothing changes', async () => {
    const id = lotId();
    const { body } = await api.post('/material-lot/receive-lot', receive(id));
    const read = await api.get(`/material-lot/${id}?waitFor=${body.token}`);
    expect([read.status, read.headers.get('etag')]).toEqual([200, '"0"']);
    const reserve = (reservationId: string) => ({
      lotId: id,
      reservationId,
      workOrderId: 'haifa.W1',
      quantity: { amount: '1', unit: 'kg' },
    });
    expect((await api.post('/material-lot/reserve-lot', reserve('A'), undefined, { 'if-match': read.headers.get('etag')! })).status).toBe(
      200,
    );
    for (const stale of ['"0"', '"999"'])
      expect(problem(await api.post('/material-lot/reserve-lot', reserve('B'), undefined, { 'if-match': stale }))).toEqual([
        412,
        'stale-revision',
      ]);
    expect(problem(await api.post('/material-lot/reserve-lot', { ...reserve('B'), expectedRevision: '0' }))).toEqual([
      412,
      'stale-revision',
    ]);
    for (const bad of ['7', 'W/"1"', '"x"', '"99999999999999999999"'])
      expect(problem(await api.post('/material-lot/reserve-lot', reserve('B'), undefined, { 'if-match': bad }))).toEqual([
        400,
        'invalid-input',
      ]);
    expect(await length(`material-lot-${id}`)).toBe(2);
  });

  it('lets only one of many callers take the last of a stock', async () => {
    const id = lotId();
    await api.post('/material-lot/receive-lot', receive(id, { quantity: { amount: '1', unit: 'pcs' } }));
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        api.post('/material-lot/reserve-lot', {
          lotId: id,
          reservationId: `R${i}`,
          workOrderId: `haifa.W${i}`,
          quantity: { amount: '1', unit: 'pcs' },
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(49);
    expect(await length(`material-lot-${id}`)).toBe(2);
    expect(await traces(`material-lot-${id}`)).toBe(51);
  }, 30_000);
});

describe('bad input', () => {
  const sent = (more: object) => ({ ...receive('haifa.BAD'), ...more });
  const amount = (value: unknown, unit: unknown = 'kg') => sent({ quantity: { amount: value, unit } });
  it.each<[string, unknown]>([
    ['a negative amount', amount('-1')],
    ['NaN', amount('NaN')],
    ['an infinite amount', amount('Infinity')],
    ['1e400 as text', amount('1e400')],
    ['a float', amount(1.5)],
    ['a whole number', amount(1)],
    ['an amount with too many decimals', amount('1.0000001')],
    ['an amount that is too large', amount('1234567890123')],
    ['an empty amount', amount('')],
    ['an amount with spaces', amount(' 1 ')],
    ['a hexadecimal amount', amount('0x10')],
    ['an unknown unit', amount('1', 'furlong')],
    ['a property of the prototype as unit', amount('1', 'constructor')],
    ['no unit', amount('1', null)],
    ['a time without zone', sent({ expiresAt: '2026-01-05T08:00:00' })],
    ['a day that does not exist', sent({ expiresAt: '2026-02-30T08:00:00Z' })],
    ['a date alone', sent({ expiresAt: '2026-01-05' })],
    ['a time as number', sent({ expiresAt: 1_767_000_000 })],
    ...[
      '0001-01-01T00:00:00Z',
      '1900-01-01T00:00:00+14:00',
      '2026-01-05T08:00:00+23:59',
      '9999-12-31T23:59:59.999999Z',
      '9999-12-31T23:59:59-01:00',
    ].map((at): [string, unknown] => [`the time ${at}`, sent({ expiresAt: at })]),
    ['an unknown key', sent({ nonsense: 1 })],
    ['an unknown key deep inside', sent({ quantity: { amount: '1', unit: 'kg', x: 1 } })],
    ...[
      'facilityId',
      'tenantId',
      'status',
      'version',
      'createdBy',
      'isAdmin',
      '__v',
      'eventId',
      'timestamp',
      'constructor',
      'prototype',
      'actor',
      'role',
    ].map((key): [string, unknown] => [`the key ${key}`, sent({ [key]: 'x' })]),
    ['a missing field', { lotId: 'haifa.BAD' }],
    ['an operator for a text', sent({ materialId: { $ne: 1 } })],
    ['a list for a text', sent({ materialId: ['steel'] })],
    ['a number for a text', sent({ materialId: 7 })],
    ['text for an object', sent({ quantity: '1 kg' })],
    ['a list for an object', sent({ quantity: [{ amount: '1', unit: 'kg' }] })],
    ['an id without facility', sent({ lotId: 'BAD' })],
    ['a path as id', sent({ lotId: 'haifa.../../x' })],
    ['$all as id', sent({ lotId: '$all' })],
    ['a metadata stream as id', sent({ lotId: '$$haifa.x' })],
    ['an emoji as id', sent({ lotId: 'haifa.🏭' })],
    ['a long id', sent({ lotId: `haifa.${'x'.repeat(65)}` })],
    ['an id with a line break', sent({ lotId: 'haifa.x\n' })],
    ['a malformed command id', sent({ commandId: 'x' })],
    ['a malformed revision', sent({ expectedRevision: 'x' })],
    ['a revision as number', sent({ expectedRevision: 1 })],
    ['NUL in a text', sent({ supplierLot: 'a\0b' })],
    ['half a surrogate pair', sent({ supplierLot: 'a\ud800b' })],
    ['a text that is too long', sent({ reason: 'x'.repeat(501) })],
    ['a list', []],
    ['null', 'null'],
    ['a text', '"x"'],
    ['a number', '7'],
    ['malformed JSON', '{'],
    ['nothing', ''],
    ['1e400', '{"lotId":1e400}'],
    ['a number beyond 2^53', '{"lotId":9007199254740993}'],
    ['a key twice', '{"lotId":"haifa.A","lotId":"haifa.B"}'],
    ['__proto__', '{"__proto__":{"isAdmin":true}}'],
    ['a byte order mark', `\ufeff${JSON.stringify(sent({}))}`],
    ['deep nesting', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`],
  ])('is refused: %s', async (_, body) => {
    const answer = await api.send('POST', '/material-lot/receive-lot', {
      token: api.tokens.everywhere,
      body: body === '' ? new Uint8Array() : body,
    });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, expect.stringMatching(/^application\/problem\+json/)]);
    expect(['invalid-input', 'malformed-json', 'malformed-request']).toContain(answer.body.code);
    expect(answer.text).not.toMatch(/node_modules|at .*\.js|stack/);
  });

  it('is refused if a list contains a list in place of an object', async () => {
    const equipment = { equipmentId: 'haifa.BAD', name: 'Oven', equipmentClass: 'oven' };
    for (const list of [
      { modes: [[{ mode: 1, name: 'Production', disabledStates: [] }]] },
      { vendorStates: [[{ code: 'x', state: 'Idle' }]] },
    ])
      expect(problem(await api.post('/equipment/register-equipment', { ...equipment, ...list }))).toEqual([400, 'invalid-input']);
    expect(await length('equipment-haifa.BAD')).toBe(0);
  });

  it('leaves nothing behind', async () => {
    expect(await traces('material-lot-haifa.BAD')).toBe(0);
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined();
  });

  it('is refused by its type and its size', async () => {
    const { everywhere: token } = api.tokens;
    const body = JSON.stringify(receive('haifa.BAD'));
    for (const type of [
      'text/plain',
      'application/json garbage',
      'application/json; charset=utf-16',
      'application/json; charset=utf-7',
      'application/x-www-form-urlencoded',
      'application/jsonp',
      'application/json, text/plain',
      'multipart/form-data; boundary=x',
    ]) {
      expect([
        type,
        ...problem(await api.send('POST', '/material-lot/receive-lot', { token, body, headers: { 'content-type': type } })),
      ]).toEqual([type, 415, 'unsupported-media-type']);
    }
    expect(problem(await api.send('POST', '/material-lot/receive-lot', { token }))).toEqual([415, 'unsupported-media-type']);
    expect(problem(await api.send('POST', '/material-lot/receive-lot', { token, body, headers: { 'content-encoding': 'gzip' } }))).toEqual([
      415,
      'unsupported-media-type',
    ]);
    expect(problem(await api.post('/material-lot/receive-lot', { ...receive('haifa.BAD'), reason: 'x'.repeat(65_536) }))).toEqual([
      413,
      'body-too-large',
    ]);
    expect(
      (
        await api.send('POST', '/material-lot/receive-lot', {
          token,
          body: JSON.stringify(receive(lotId())),
          headers: { 'content-type': 'Application/JSON; charset=UTF-8' },
        })
      ).status,
    ).toBe(200);
  });

  it('that a rule refuses is recorded once, and changes nothing else', async () => {
    const id = lotId();
    await api.post('/material-lot/receive-lot', receive(id));
    const consume = (more: object) => ({
      lotId: id,
      workOrderId: 'haifa.W1',
      quantity: { amount: '1', unit: 'kg' },
      commandId: randomUUID(),
      ...more,
    });
    const rules: [object, string][] = [
      [consume({ quantity: { amount: '0', unit: 'kg' } }), 'quantity'],
      [consume({ quantity: { amount: '101', unit: 'kg' } }), ''],
      [consume({ quantity: { amount: '1', unit: 'm' } }), 'unit'],
      [consume({ workOrderId: 'lyon.W1' }), ''],
      [consume({ occurredAt: new Date(Date.now() + 3_600_000).toISOString() }), 'occurred-in-the-future'],
    ];
    for (const [body, about] of rules) {
      const answer = await api.post('/material-lot/consume-lot', body);
      expect([answer.status, answer.body.code]).toEqual([422, expect.stringContaining(about)]);
      await api.post('/material-lot/consume-lot', body);
    }
    expect(await length(`material-lot-${id}`)).toBe(1);
    const recorded = await store.read<never>(`material-lot-${id}`, 0n, { bookkeeping: true });
    const refused = recorded.slice(1);
    expect(refused.map(({ type }) => type)).toEqual(Array(rules.length).fill('CommandRefused'));
    expect(refused[0]).toMatchObject({
      metadata: { actor: 'eve', facility: 'haifa', command: 'ConsumeLot' },
      data: { payload: { lotId: id } },
    });
  });
});

describe('an id outside the facilities of the caller', () => {
  it('is refused by commands like one that does not exist, and leaves no trace', async () => {
    const there = lotId('lyon');
    await api.post('/material-lot/receive-lot', receive(there));
    const told = async (id: string) => {
      const { status, body } = await api.post(
        '/material-lot/reserve-lot',
        { lotId: id, reservationId: 'R', workOrderId: 'haifa.W', quantity: { amount: '1', unit: 'kg' } },
        api.tokens.operator,
      );
      return JSON.stringify([status, { ...body, correlationId: '' }]).replaceAll(id, 'ID');
    };
    expect(await told(there)).toBe(await told('lyon.NEVER'));
    expect(await traces(`material-lot-${there}`)).toBe(1);
    expect((await api.post('/material-lot/receive-lot', receive('lyon.NEW'), api.tokens.operator)).status).toBe(403);
    expect(await traces('material-lot-lyon.NEW')).toBe(0);
  });
});

describe('when a part is down', () => {
  it('PostgreSQL: commands are accepted, reads say so, and all recovers by itself', async () => {
    const id = lotId();
    await wire.cut();
    const { status, body } = await api.post('/material-lot/receive-lot', receive(id));
    expect(status).toBe(200);
    for (const path of ['/material-lot', `/material-lot/${id}`, '/material-lot.csv', `/material-lot?waitFor=${body.token}`]) {
      const answer = await api.get(path);
      expect([path, ...problem(answer), answer.headers.get('retry-after')]).toEqual([path, 503, 'read-models-unavailable', '2']);
    }
    const graphql = await api.graphql('{ lotStock { items { lotId } } }');
    expect([graphql.status, graphql.headers.get('retry-after'), graphql.body.errors[0].extensions.code]).toEqual([
      503,
      '2',
      'read-models-unavailable',
    ]);
    expect((await api.send('GET', '/health/ready')).body).toMatchObject({ status: 'degraded', parts: { 'read-models': 'down' } });
    await wire.restore();
    expect((await api.get(`/material-lot/${id}?waitFor=${body.token}`)).body).toMatchObject({ lotId: id });
  }, 30_000);

  it('the event store: commands say so and can be sent again, and all recovers by itself', async () => {
    const [id, commandId] = [lotId(), randomUUID()];
    await api.system.store.kill();
    const answer = await api.post('/material-lot/receive-lot', receive(id, { commandId }));
    expect([...problem(answer), answer.headers.get('retry-after')]).toEqual([503, 'event-store-unavailable', '2']);
    const graphql = await api.graphql(
      `mutation { receiveLot(input: { lotId: "${id}", materialId: "steel", quantity: { amount: "1", unit: "kg" } }) { id } }`,
    );
    expect(graphql.body.errors[0].extensions.code).toBe('event-store-unavailable');
    expect((await api.get('/material-lot')).status).toBe(200);
    expect((await api.send('GET', '/health/live')).status).toBe(200);
    await api.system.store.start();
    let again = answer;
    for (let i = 0; i < 50 && again.status !== 200; i += 1) {
      again = await api.post('/material-lot/receive-lot', receive(id, { commandId }));
      if (again.status !== 200) await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(again.body).toMatchObject({ commandId, revision: '0', changed: true });
    expect((await api.get(`/material-lot/${id}?waitFor=${again.body.token}`)).body).toMatchObject({ lotId: id });
  }, 60_000);
});
