import { setTimeout as sleep } from 'node:timers/promises';
import type { Event, Recorded } from '#kernel/event';
import { EventStore } from '#platform/store/event-store';
import { facility } from '#facility/facility';
import { ApiUnderTest } from '../../api/test/api-under-test';
import { ops } from './command-line';

type Item = Record<string, any>;
const plainly = (state: unknown): unknown => JSON.parse(JSON.stringify(state));
const fold = (events: readonly Recorded[]): unknown =>
  plainly(events.reduce<unknown>((state, event) => facility.evolve(state as never, event as never), facility.initial));

describe('auditors', () => {
  let under: ApiUnderTest;
  let store: EventStore;
  const entity = 'facility-haifa';
  const send = async (command: string, data: object, token = under.tokens.engineer!) =>
    (await under.post(`/facility/${command}`, data, token)).status;
  const ask = async (path: string, query: Record<string, unknown>, token = under.tokens.auditor!) => {
    const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
    return under.get(`/audit/${path}?${search.toString()}`, token);
  };
  const register = (id: string) => ({
    facilityId: id,
    name: `${id} works`,
    enterpriseId: 'acme',
    enterpriseName: 'Acme',
    timeZone: 'Asia/Jerusalem',
  });
  const events = async () => store.read(entity);

  beforeAll(async () => {
    under = await ApiUnderTest.start();
    store = new EventStore(under.system.eventStoreUrl, 10_000);
    await send('register-facility', { ...register('haifa'), occurredAt: '2026-01-05T08:00:00+02:00', reason: 'new plant', device: 'T7' });
    await send('register-facility', register('lyon'), under.tokens.everywhere);
    await send('add-hierarchy-element', { elementId: 'haifa.A1', level: 'Area', name: 'Milling', occurredAt: '2026-01-06T08:00:00+02:00' });
    await send('add-hierarchy-element', {
      elementId: 'haifa.A1',
      level: 'Area',
      name: 'Turning',
      occurredAt: '2026-01-06T09:00:00+02:00',
      reason: 'a try',
    });
    await sleep(20);
    await send('rename-hierarchy-element', { elementId: 'haifa.A1', name: 'Milling hall', occurredAt: '2026-01-05T20:00:00+02:00' });
    await send('retire-hierarchy-element', { elementId: 'haifa.A1', occurredAt: '2026-02-01T08:00:00+02:00' });
  }, 120_000);
  afterAll(async () => {
    await store?.close();
    await under?.stop();
  });

  describe('the history of an entity', () => {
    it('shows who, what, when and why, old and new values, and refusals, in the order of the log', async () => {
      const { body } = await ask('history', { entity });
      expect(body.items.map(({ kind, type }: Item) => [kind, type])).toEqual([
        ['event', 'FacilityRegistered'],
        ['event', 'HierarchyElementAdded'],
        ['refusal', 'element-already-exists'],
        ['event', 'HierarchyElementRenamed'],
        ['event', 'HierarchyElementRetired'],
      ]);
      const [registered, , refused, renamed] = body.items as Item[];
      expect(registered).toMatchObject({
        actor: 'engineer-1',
        role: 'engineer',
        device: 'T7',
        reason: 'new plant',
        occurredAt: '2026-01-05T06:00:00.000Z',
        clock: 'client',
        facility: 'haifa',
        schema: 1,
      });
      expect(registered!.changes).toContainEqual({ path: '$.name', new: 'haifa works' });
      expect(renamed!.changes).toEqual([{ path: "$.elements['haifa.A1'].name", old: 'Milling', new: 'Milling hall' }]);
      expect(refused).toMatchObject({
        changes: [],
        reason: 'a try',
        command: 'AddHierarchyElement',
        data: { payload: { name: 'Turning' } },
      });
      for (const item of body.items as Item[])
        expect([item.correlationId, item.causationId, item.commandId].every((id) => typeof id === 'string' && id.length > 8)).toBe(true);
    });

    it.each([[{}], [{ newestFirst: true }]])('comes in pages without gaps or repeats: %j', async (order) => {
      const whole = (await ask('history', { entity })).body.items as Item[];
      const joined: Item[] = [];
      for (let after: string | undefined; ;) {
        const { body } = await ask('history', { entity, limit: 2, ...order, ...(after ? { after } : {}) });
        joined.push(...body.items);
        if (!body.nextCursor) break;
        after = body.nextCursor;
      }
      expect(joined).toEqual('newestFirst' in order ? whole.reverse() : whole);
    });
  });

  describe('a state in the past', () => {
    it('equals a full replay at every position and every known time', async () => {
      const past = await events();
      for (const [index, { position, recordedAt }] of past.entries()) {
        expect((await ask('state', { entity, position })).body).toMatchObject({
          state: fold(past.slice(0, index + 1)),
          events: index + 1,
          position: String(position),
        });
        const known = past.filter((event) => event.recordedAt <= recordedAt);
        expect((await ask('state', { entity, recordedAt })).body.state).toEqual(fold(known));
      }
      expect((await ask('state', { entity })).body.state).toEqual(fold(past));
    });

    it('in floor time contains what had happened by then, even if it was reported late', async () => {
      const floor = async (occurredAt: string) => (await ask('state', { entity, occurredAt })).body;
      expect((await floor('2026-01-05T10:00:00+02:00')).events).toBe(1);
      const past = await events();
      const late = past.filter(({ metadata }) => Date.parse(metadata.occurredAt) <= Date.parse('2026-01-31T00:00:00Z'));
      expect((await floor('2026-01-31T02:00:00+02:00')).state).toEqual(fold(late));
      expect(late).toHaveLength(3);
      const knownThen = (await ask('state', { entity, occurredAt: '2026-01-31T02:00:00+02:00', position: past[1]!.position })).body;
      expect(knownThen.state).toEqual(fold(past.slice(0, 2)));
    });

    it('differs from another by the events in between', async () => {
      const past = await events();
      const { body } = await ask('difference', { entity, fromPosition: past[1]!.position, toPosition: past[3]!.position });
      expect(body.changes).toEqual([
        { path: "$.elements['haifa.A1'].name", old: 'Milling', new: 'Milling hall' },
        { path: "$.elements['haifa.A1'].retired", old: false, new: true },
      ]);
      expect(body.events.map(({ type }: Item) => type)).toEqual(['HierarchyElementRenamed', 'HierarchyElementRetired']);
      const all = (await ask('difference', { entity })).body;
      expect(all).toMatchObject({ from: null, to: { state: fold(past) } });
      const backwards = (await ask('difference', { entity, fromPosition: past[3]!.position, toPosition: past[1]!.position })).body;
      expect(backwards.changes[0]).toEqual({ path: "$.elements['haifa.A1'].name", old: 'Milling hall', new: 'Milling' });
    });
  });

  describe('the replay of the log', () => {
    const replayed = async (query: Record<string, unknown>, token?: string): Promise<Item[]> => {
      const items: Item[] = [];
      for (let after: string | undefined; ;) {
        const { body } = await ask('replay', { ...query, ...(after ? { after } : {}) }, token);
        items.push(...body.items);
        if (!body.nextCursor) return items;
        after = body.nextCursor;
      }
    };
    const business = (items: Item[]) => items.filter(({ type }) => type !== 'AuditTrailRead');

    it('returns the log as stored, whatever the page size', async () => {
      const { events: all } = await store.readAll('start', 10_000, { asStored: true });
      const mine = all.filter(({ metadata, type }) => metadata.facility === 'haifa' && type !== 'AuditTrailRead');
      for (const limit of [1, 3, 500]) {
        const items = business(await replayed({ facility: 'haifa', limit, to: all.at(-1)!.position }));
        expect(items.map(({ id, position, data, metadata }) => ({ id, position, data, metadata }))).toEqual(
          mine.map(({ id, position, data, metadata }) => ({ id, position: String(position), data, metadata: plainly(metadata) })),
        );
      }
    });

    it.each<[string, Record<string, string>, (event: Recorded) => boolean]>([
      ['one stream', { stream: 'facility-haifa' }, ({ stream }) => stream === 'facility-haifa'],
      ['a category', { category: 'facility' }, ({ stream }) => stream.startsWith('facility-')],
      ['refusals', { type: 'CommandRefused' }, ({ type }) => type === 'CommandRefused'],
      ['a type', { type: 'HierarchyElementAdded' }, ({ type }) => type === 'HierarchyElementAdded'],
      ['an actor', { actor: 'engineer-1' }, ({ metadata }) => metadata.actor === 'engineer-1'],
      [
        'several at once',
        { actor: 'engineer-1', type: 'FacilityRegistered' },
        ({ metadata, type }) => metadata.actor === 'engineer-1' && type === 'FacilityRegistered',
      ],
      ['a type that does not exist', { type: 'NoSuchThing' }, () => false],
    ])('by %s', async (_what, query, wanted) => {
      const { events: all } = await store.readAll('start', 10_000);
      const expected = all
        .filter((event) => event.metadata.facility === 'haifa' && event.type !== 'AuditTrailRead' && wanted(event))
        .map(({ id }) => id);
      expect(business(await replayed(query)).map(({ id }) => id)).toEqual(expected);
    });

    it('filters by position, by known time and by correlation id', async () => {
      const past = await events();
      const [, second, third] = past;
      const ids = async (query: Record<string, unknown>) =>
        (await replayed({ stream: entity, ...query })).filter(({ type }) => type !== 'CommandRefused').map(({ id }) => id as string);
      expect(await ids({ from: second!.position, to: third!.position })).toEqual([second!.id, third!.id]);
      expect(await ids({ recordedFrom: third!.recordedAt })).toEqual(
        past.filter(({ recordedAt }) => recordedAt >= third!.recordedAt).map(({ id }) => id),
      );
      expect(await ids({ recordedTo: second!.recordedAt })).toEqual(
        past.filter(({ recordedAt }) => recordedAt <= second!.recordedAt).map(({ id }) => id),
      );
      expect(await ids({ correlationId: third!.metadata.correlationId })).toEqual([third!.id]);
      expect((await ask('replay', { from: 5, to: 4 })).status).toBe(400);
    });
  });

  describe('scope', () => {
    it('an id outside the scope looks exactly like one that does not exist', async () => {
      for (const path of ['history', 'state', 'difference']) {
        const elsewhere = await ask(path, { entity: 'facility-lyon' });
        const nowhere = await ask(path, { entity: 'facility-paris' });
        expect(elsewhere.status).toBe(404);
        expect({ ...elsewhere.body, correlationId: '' }).toEqual({ ...nowhere.body, correlationId: '' });
      }
      expect((await ask('replay', { stream: 'facility-lyon' })).body.items).toEqual([]);
      expect((await ask('replay', { facility: 'lyon' })).body.items).toEqual([]);
      const seen = (await ask('replay', { limit: 500 })).body.items as Item[];
      expect(new Set(seen.map(({ metadata }) => metadata.facility))).toEqual(new Set(['haifa']));
      expect((await ask('history', { entity: 'facility-lyon' }, under.tokens.elsewhere)).status).toBe(200);
    });

    it('roles that do not review cannot read', async () => {
      for (const role of ['operator', 'planner', 'analyst', 'engineer', 'device'])
        expect((await ask('history', { entity }, under.tokens[role])).status).toBe(403);
      for (const role of ['auditor', 'supervisor', 'quality'])
        expect((await ask('history', { entity }, under.tokens[role])).status).toBe(200);
      expect((await under.get(`/audit/history?entity=${entity}`, '')).status).toBe(401);
    });

    it('every read is recorded, with who read what', async () => {
      const before = await store.head();
      await ask('state', { entity, position: 4711 });
      const { events: since } = await store.readAll(before, 10);
      expect(since).toMatchObject([
        {
          stream: 'audit-read-haifa.auditor-1',
          type: 'AuditTrailRead',
          data: { what: 'state', about: { stream: entity, position: '4711' } },
          metadata: { actor: 'auditor-1', role: 'auditor', facility: 'haifa' },
        },
      ]);
    });

    it.each([
      ['history', {}],
      ['history', { entity, limit: 501 }],
      ['history', { entity, after: '-1' }],
      ['history', { entity, colour: 'red' }],
      ['history', { entity, newestFirst: 'yes' }],
      ['state', { entity, position: '1e3' }],
      ['state', { entity, recordedAt: '2026-01-05T08:00:00' }],
      ['replay', { recordedFrom: 'yesterday' }],
      ['replay', { facility: 'Haifa' }],
      ['replay', { actor: 'a\0b' }],
      ['replay', { stream: '\0' }],
    ])('an invalid query is refused: %s %j', async (path, query) => expect((await ask(path, query)).status).toBe(400));
  });

  it('the event store’s own streams are not shown: they contain password hashes of its users', async () => {
    const [{ metadata }] = (await store.readAll('start', 1)).events as [Recorded];
    await store.append('$user-admin', -1n, [{ type: '$User', data: { hash: 'secret' }, metadata }]);
    expect(await store.read('$user-admin')).toHaveLength(1);
    const { status, body } = await ask('replay', { stream: '$user-admin' }, under.tokens.everywhere);
    expect([status, body.items]).toEqual([200, []]);
  });

  it('no query can prevent that its reader is recorded', async () => {
    const query = 'query ($actor: String) { auditReplay(actor: $actor) { items { id } } }';
    for (const actor of ['a\0b', 'a\ud800b'])
      expect((await under.graphql(query, { actor }, under.tokens.auditor)).body.errors[0].extensions.code).toBe('invalid-input');
    await ask('replay', { actor: 'nobody' });
    const { events: all } = await store.readAll('start', 10_000);
    const { body } = await under.get(
      `/audit/trail?event=AuditTrailRead&first=500&waitFor=${all.at(-1)!.position}`,
      under.tokens.everywhere,
    );
    const reads = all.filter(({ type }) => type === 'AuditTrailRead').map(({ id }) => id);
    expect((body.items as Item[]).map(({ eventId }) => eventId).sort()).toEqual(reads.sort());
  });

  it('the audit trail and the command log can be searched, and contain what the log contains, including refusals', async () => {
    const { events: all } = await store.readAll('start', 10_000);
    const mine = all.filter(({ metadata }) => metadata.facility === 'haifa');
    const rows = async (path: string, token = under.tokens.auditor!) =>
      (await under.get(`/audit/${path}&first=500&waitFor=${all.at(-1)!.position}`, token)).body.items as Item[];
    expect((await rows('trail?entityId=haifa')).map(({ eventId }) => eventId)).toEqual(
      mine.filter(({ stream }) => stream === 'facility-haifa').map(({ id }) => id),
    );
    expect(await rows('trail?refusal=element-already-exists')).toMatchObject([
      { actor: 'engineer-1', reason: 'a try', event: 'CommandRefused', entityType: 'facility' },
    ]);
    expect(await rows('trail?fields=timeZone')).toMatchObject([
      { event: 'FacilityRegistered', data: { timeZone: 'Asia/Jerusalem' }, occurredAtTold: '2026-01-05T08:00:00+02:00' },
    ]);
    expect(await rows('trail?entityId=lyon')).toEqual([]);
    expect(await rows('trail?entityId=lyon', under.tokens.elsewhere)).toHaveLength(1);
    expect(await rows('commands?outcome=Refused')).toMatchObject([
      { code: 'element-already-exists', command: 'AddHierarchyElement', entityId: 'haifa' },
    ]);
    expect((await rows('commands?entityType=facility&outcome=Accepted')).map(({ command }) => command)).toEqual([
      'RetireHierarchyElement',
      'RenameHierarchyElement',
      'AddHierarchyElement',
      'RegisterFacility',
    ]);
    expect((await under.get('/audit/trail', under.tokens.operator)).status).toBe(403);
    const csv = await under.get('/audit/trail.csv?entityId=haifa', under.tokens.auditor);
    expect([csv.status, csv.text.split('\n')[0]]).toEqual([200, expect.stringMatching(/^.?eventId,facilityId,entityType/)]);
  });

  it('GraphQL gives the same answers', async () => {
    const query = `query ($entity: ID!) {
      auditHistory(entity: $entity) { items { kind type actor changes { path old new } data } nextCursor }
      auditState(entity: $entity) { state events }
      auditDifference(entity: $entity) { changes { path new } }
      auditReplay(stream: "facility-haifa") { items { type data metadata } }
    }`;
    const { body } = await under.graphql(query, { entity }, under.tokens.auditor);
    expect(body.errors).toBeUndefined();
    const rest = (await ask('history', { entity })).body.items as Item[];
    expect(body.data.auditHistory.items.map(({ type, data }: Item) => [type, data])).toEqual(rest.map(({ type, data }) => [type, data]));
    expect(body.data.auditState.state).toEqual((await ask('state', { entity })).body.state);
    expect(body.data.auditReplay.items).toHaveLength(5);
    const elsewhere = await under.graphql(`{ auditState(entity: "facility-lyon") { events } }`, {}, under.tokens.auditor);
    expect(elsewhere.body.errors[0].extensions.code).toBe('not-found');
  });

  it('the command line gives the same answers, through the api and directly from the store', async () => {
    const overApi = ['--api', under.api.url, '--token', under.tokens.auditor!];
    const env = { EVENTSTORE_URL: under.system.eventStoreUrl, DATABASE_URL: under.system.databaseUrl };
    const state = (await ask('state', { entity })).body;
    expect((await ops(['as-of', entity, ...overApi]).ended).json).toEqual(state);
    expect((await ops(['as-of', entity, '--direct'], env).ended).json).toEqual(state);
    const lines = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Item);
    const rest = (await ask('history', { entity })).body.items;
    expect(lines((await ops(['history', entity, '--json', ...overApi]).ended).out)).toEqual(rest);
    expect(lines((await ops(['history', entity, '--json', '--direct'], env).ended).out)).toEqual(rest);
    expect((await ops(['diff', entity, '--to-occurred-at', '2026-01-05T10:00:00+02:00', ...overApi]).ended).out).toMatch(
      /\$\.name\s+–\s+→\s+haifa works/,
    );
    expect(lines((await ops(['replay', '--stream', entity, '--json', ...overApi]).ended).out)).toHaveLength(5);
    expect(await ops(['history', 'facility-lyon', ...overApi]).ended).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/not-found/),
    });
    expect(await ops(['as-of', entity, '--recorded-at', 'noon', ...overApi]).ended).toMatchObject({ code: 64 });
    expect(await ops(['--version']).ended).toMatchObject({ code: 0, out: expect.stringMatching(/^plantlog@\d/), err: '' });
  }, 120_000);

  it('the prompt has the slices loaded', async () => {
    const env = { EVENTSTORE_URL: under.system.eventStoreUrl, DATABASE_URL: under.system.databaseUrl };
    const { out, code } = await ops(
      ['repl'],
      env,
      `console.log(JSON.stringify(await state('facility', 'haifa')))\nconsole.log('slices', categories.join())\n.exit\n`,
    ).ended;
    expect(code).toBe(0);
    expect(JSON.parse(out.split('\n').find((line) => line.startsWith('{'))!)).toEqual(
      fold((await events()) as unknown as Recorded<Event>[]),
    );
    expect(out).toMatch(/slices .*equipment.*work-order/);
  }, 60_000);
});
