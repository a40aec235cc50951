/** Numbers of one morning, worked by hand, by REST and GraphQL, down to the events that made them. */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { ApiUnderTest } from './api-under-test';
import { ANSWERS } from './guide-answers';

let api: ApiUnderTest;
let token: string;
async function take(path: string, body: object): Promise<void> {
  const { status, body: answer } = await api.post(path, body, api.tokens.everywhere);
  expect([path, status, answer.detail]).toEqual([path, 200, undefined]);
  token = answer.token as string;
}
const at = (time: string) => `2026-01-05T${time}:00.000Z`;
const [equipmentId, workOrderId, product] = ['haifa.M1', 'haifa.WO1', 'shaft'];
const morning = `facilityId=haifa&from=${at('08:00')}&to=${at('14:00')}`;
const ask = (path: string, query = morning, as = api.tokens.everywhere) => api.get(`/kpi/${path}?${query}&waitFor=${token}`, as);
async function answerOf(path: string, query = morning) {
  let answer = await ask(path, query);
  // On a busy machine the views may need longer than a question waits.
  for (let tries = 0; answer.body.behind && tries < 10; tries += 1) answer = await ask(path, query);
  const { status, body } = answer;
  expect([status, body.detail, body.behind]).toEqual([200, undefined, false]);
  return body;
}
const order = (id: string, quantity: string, more: object = {}) =>
  take('/work-order/release-work-order', {
    workOrderId: id,
    product,
    quantity: { amount: quantity, unit: 'pcs' },
    operations: [{ operationId: '10', name: 'Turn', sequence: 10, idealCycleSeconds: '10' }],
    allowStart: true,
    occurredAt: at('08:00'),
    ...more,
  });
const report = (id: string, reportId: string, machine: string, more: object) =>
  take('/work-order/report-production', { workOrderId: id, reportId, operationId: '10', equipmentId: machine, ...more });

beforeAll(async () => {
  api = await ApiUnderTest.start();
  await api.plants('haifa', 'lyon');
  await take('/facility/add-hierarchy-element', { elementId: 'haifa.hall', level: 'Area', name: 'Hall 1' });
  for (const [id, place] of [[equipmentId, 'haifa.hall'], ['haifa.M2'], ['lyon.M1']])
    await take('/equipment/register-equipment', {
      equipmentId: id,
      name: `Lathe ${id}`,
      equipmentClass: 'lathe',
      elementId: place,
      occurredAt: at('05:00'),
    });
  const shift = {
    shift: 'Morning',
    weekdays: ['Monday'],
    startsAt: '08:00',
    endsAt: '14:00',
    breaks: [{ startsAt: '12:00', endsAt: '12:15' }],
  };
  await take('/shift-calendar/publish-calendar-version', {
    calendarId: 'haifa.turning',
    timeZone: 'UTC',
    effectiveFrom: '2026-01-05',
    shifts: [shift],
  });
  await take('/master-data/register-master-data', { facilityId: 'haifa', kind: 'ReasonCode', code: 'jam', name: 'Chip jam' });
  await order(workOrderId, '900', { plannedStart: at('08:00'), plannedEnd: at('13:00') });
  await take('/work-order/start-work-order', { workOrderId, equipmentId, occurredAt: at('08:30') });
  await take('/equipment/record-job-begun', { equipmentId, workOrderId, occurredAt: at('08:30') });
  for (const [state, time] of [
    ['Execute', '09:00'],
    ['Held', '10:30'],
    ['Execute', '11:00'],
    ['Aborted', '12:00'],
    ['Idle', '12:30'],
  ])
    await take('/equipment/observe-equipment-state', { equipmentId, state, occurredAt: at(time!) });
  await take('/equipment/classify-stop', { equipmentId, stopId: 'S1', reasonCode: 'jam', lossClass: 'MinorStop' });
  const scrap = (burr: string, crack: string) => [
    { quantity: burr, reasonCode: 'burr' },
    { quantity: crack, reasonCode: 'crack' },
  ];
  await report(workOrderId, 'r1', equipmentId, { good: '800', scrap: scrap('150', '50'), from: at('09:00'), to: at('12:00') });
  await take('/work-order/correct-report', {
    workOrderId,
    reportId: 'r1',
    replacementReportId: 'r2',
    good: '900',
    scrap: scrap('80', '20'),
    reason: 'counted again',
  });
  await take('/work-order/stop-work-order', { workOrderId, reason: 'enough', occurredAt: at('12:30') });
  await take('/equipment/record-job-ended', { equipmentId, workOrderId, occurredAt: at('12:30') });
  await order('haifa.WO2', '100', { plannedEnd: at('13:30') });
  await take('/work-order/start-work-order', { workOrderId: 'haifa.WO2', equipmentId: 'haifa.M2', occurredAt: at('13:00') });
  await report('haifa.WO2', 'r1', 'haifa.M2', { good: '40', from: at('13:00'), to: at('13:20') });
}, 60_000);
afterAll(() => api?.stop());

describe('downtime', () => {
  // Held 30 min, Aborted 30 min, both with the order; idle from 12:30 to 14:00.
  const both = { seconds: 3_600, stops: 2, otherSeconds: 5_400, leftOut: 0 };
  it('is in Pareto order by reason, with its name and what is not classified', async () =>
    expect(await answerOf('downtime')).toMatchObject({
      ...both,
      items: [
        { key: 'jam', name: 'Chip jam', lossClass: 'MinorStop', seconds: 1_800, stops: 1, share: '0.500000', cumulativeShare: '0.500000' },
        { key: null, name: null, lossClass: null, seconds: 1_800, stops: 1, share: '0.500000', cumulativeShare: '1.000000' },
      ],
    }));

  it.each([
    ['LossClass', [{ key: 'MinorStop' }, { key: null }]],
    ['Equipment', [{ key: equipmentId, name: 'Lathe haifa.M1' }]],
    ['Element', [{ key: 'haifa.hall', name: 'Hall 1' }]],
    ['Product', [{ key: product }]],
    ['Shift', [{ key: null }]],
  ])('by %s has the same total', async (by, items) =>
    expect(await answerOf('downtime', `${morning}&by=${by}`)).toMatchObject({ ...both, items }),
  );

  it('is that of one element, or of the time with one product', async () => {
    expect(await answerOf('downtime', `${morning}&elementId=haifa.hall`)).toMatchObject(both);
    expect(await answerOf('downtime', `${morning}&product=${product}`)).toMatchObject({ seconds: 3_600, otherSeconds: 0 });
    expect(await answerOf('downtime', `${morning}&product=other`)).toMatchObject({ seconds: 0, stops: 0, items: [] });
  });
});

it('scrap is in Pareto order, and a report that was replaced does not count', async () => {
  const restatedAt = expect.stringMatching(/^20/);
  expect((await answerOf('scrap')).items).toEqual([
    { key: 'burr', name: null, unit: 'pcs', quantity: '80', reports: 1, share: '0.800000', cumulativeShare: '0.800000', restatedAt },
    { key: 'crack', name: null, unit: 'pcs', quantity: '20', reports: 1, share: '0.200000', cumulativeShare: '1.000000', restatedAt },
  ]);
  expect((await answerOf('scrap', `${morning}&by=Operation&product=${product}`)).items).toMatchObject([{ key: '10', quantity: '100' }]);
});

describe('the flow of orders', () => {
  it('says what was on time, made, and how long it took', async () => {
    expect(await answerOf('schedule-adherence')).toMatchObject({
      items: [{ product, due: 2, onTime: 1, late: 0, short: 0, aborted: 0, overdue: 1, open: 0, adherence: { value: '0.500000' } }],
      // Started at 08:30, planned for 08:00; the other order has no planned start.
      total: { product: null, due: 2, startAdherence: { value: '0.000000', denominator: '1' } },
    });
    // 900 good and 100 scrap in the four hours from 08:30 to 12:30.
    expect((await answerOf('throughput')).items).toMatchObject([
      { product, unit: 'pcs', orders: 1, good: '900', produced: '1000', executionSeconds: 14_400, throughputRate: { value: '250.000000' } },
    ]);
    // 900 + 40 good of 1,040.
    expect((await answerOf('yield')).items).toMatchObject([
      {
        product,
        operations: [{ operationId: '10', good: '940', scrap: '100', firstPassYield: { value: '0.903846' } }],
        rolledYield: '0.903846',
      },
    ]);
    const [lead, execution] = [16_200, 14_400].map((time) => ({ orders: 1, mean: time, half: time, nineOfTen: time, longest: time }));
    expect(await answerOf('lead-time')).toMatchObject({ items: [{ product, lead, execution }], total: { product: null, lead, execution } });
  });

  it('says what was recorded after the period, and of a period that is not over, nothing', async () => {
    const all = async (query: string): Promise<(string | null)[]> => {
      const [due, made, yields, took] = await Promise.all(
        ['schedule-adherence', 'throughput', 'yield', 'lead-time'].map((path) => answerOf(path, query)),
      );
      const groups = [due.items[0], due.total, made.items[0], yields.items[0].operations[0], took.items[0], took.total];
      return groups.map(({ restatedAt }: { restatedAt: string | null }) => restatedAt);
    };
    const late = await all(morning);
    expect(late).toEqual(late.map(() => expect.stringMatching(/^20\d\d-\d\d-\d\dT.*Z$/)));
    for (const moment of late) expect(Date.parse(moment!)).toBeGreaterThan(Date.parse(at('14:00')));
    const [before, now, after] = [-3_600_000, 0, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const ofLyon = { workOrderId: 'lyon.WO1' };
    await order('lyon.WO1', '5', { plannedEnd: after, occurredAt: before });
    await take('/work-order/start-work-order', { ...ofLyon, equipmentId: 'lyon.M1', occurredAt: before });
    await report('lyon.WO1', 'r1', 'lyon.M1', { good: '5', from: before, to: now });
    await take('/work-order/stop-work-order', { ...ofLyon, reason: 'enough' });
    const later = new Date(Date.now() + 2 * 3_600_000).toISOString();
    expect(await all(`facilityId=lyon&from=${before}&to=${later}`)).toEqual(late.map(() => null));
  });

  it('says how old the work in progress is', async () => {
    const { items, until } = await answerOf('work-in-progress', 'facilityId=haifa');
    const age = (Date.parse(until) - Date.parse(at('13:00'))) / 1_000;
    expect(items).toMatchObject([{ product, operationId: '10', inProcess: '60', orders: 1, running: 1, oldestOrder: 'haifa.WO2' }]);
    expect([items[0].oldestAgeSeconds, items[0].meanAgeSeconds, items[0].oldestSince]).toEqual([age, age, at('13:00')]);
  });

  it('without orders has no value but a reason', async () => {
    const nothing = `facilityId=lyon&from=${at('08:00')}&to=${at('14:00')}`;
    expect((await answerOf('schedule-adherence', nothing)).total).toMatchObject({ due: 0, adherence: { value: null, why: 'NothingDue' } });
    expect((await answerOf('lead-time', nothing)).total.lead).toEqual({
      orders: 0,
      mean: null,
      half: null,
      nineOfTen: null,
      longest: null,
    });
  });
});

describe('evidence', () => {
  const machine = `${morning}&equipmentId=${equipmentId}`;
  it('adds up to the time elements and the quantities', async () => {
    const [{ body }, { items }] = await Promise.all([
      api.get(`/performance?${machine}&waitFor=${token}`, api.tokens.everywhere),
      answerOf('evidence', machine),
    ]);
    const { time, made, restatedAt } = body.periods[0].total;
    const spent: Record<string, number> = {};
    for (const { parts } of items) for (const { element, seconds } of parts) spent[element] = (spent[element] ?? 0) + seconds;
    expect(spent).toEqual({ production: 9_000, delay: 3_600, down: 5_400 });
    expect(time).toMatchObject({ ...spent, plannedOperation: 21_600, unclassified: 3_600 });
    const counted = items.filter(({ kind, counts }: { kind: string; counts: boolean }) => kind === 'Report' && counts);
    expect(counted).toMatchObject([{ good: '900', scrap: '100', idealCycleSeconds: '10' }]);
    expect(made).toEqual([{ unit: 'pcs', good: '900', scrap: '100', rework: '0' }]);
    // All of it was recorded long after that morning.
    expect(Date.parse(restatedAt)).toBeGreaterThan(Date.parse(at('14:00')));
    expect(items.map(({ restates }: { restates: boolean }) => restates)).not.toContain(false);
  });

  it('names the events of a correction: who, when and why, for those who may know', async () => {
    const { items } = await answerOf('evidence', `${machine}&kind=Report`);
    expect(items).toMatchObject([
      {
        reportId: 'r1',
        counts: false,
        otherReportId: 'r2',
        correctionReason: 'counted again',
        events: [
          { event: 'ProductionReported', actor: 'eve' },
          { event: 'ProductionReportReversed', reason: 'counted again' },
        ],
      },
      { reportId: 'r2', counts: true, events: [{ event: 'ProductionReportCorrected', actor: 'eve', entity: `work-order-${workOrderId}` }] },
    ]);
    const stop = (await answerOf('evidence', `${machine}&kind=Stop`)).items[0];
    expect(stop.events[0].position).toMatch(/^\d+$/);
    expect(stop).toMatchObject({
      stopId: 'S1',
      cause: 'Hold',
      reasonCode: 'jam',
      events: [{ event: 'StopOpened' }, { event: 'StopClassified', actor: 'eve' }],
    });
    const { body } = await ask('evidence', `${machine}&kind=Stop`, api.tokens.operator);
    expect(body.items[0].events).toMatchObject([{ eventId: stop.events[0].eventId, actor: null, position: null }, { actor: null }]);
  });

  it.each([
    ['after', `after=${Buffer.from('["x","State","y"]').toString('base64url')}`],
    ['kind', 'kind=Nothing'],
  ])('refuses a wrong %s', async (field, words) => {
    const { status, body } = await ask('evidence', `${machine}&${words}`);
    expect([status, body.code, body.errors[0].field]).toEqual([400, 'invalid-input', field]);
  });
});

it('is the same by GraphQL', async () => {
  const period = `facilityId: "haifa", from: "${at('08:00')}", to: "${at('14:00')}", waitFor: "${token}"`;
  const { body } = await api.graphql(`{
    downtimePareto(${period}, by: Reason) { seconds items { key seconds share } }
    scrapPareto(${period}) { items { key quantity } }
    scheduleAdherence(${period}) { total { due adherence { value } } }
    throughput(${period}) { items { produced throughputRate { value } } }
    firstPassYield(${period}) { items { rolledYield } }
    leadTime(${period}) { total { lead { half } } }
    agedWorkInProgress(facilityId: "haifa") { items { inProcess oldestOrder } }
    kpiEvidence(${period}, equipmentId: "${equipmentId}", kind: Stop) { items { stopId events { eventId } } }
  }`);
  expect(body.errors).toBeUndefined();
  const rest = {
    downtimePareto: await answerOf('downtime'),
    scrapPareto: await answerOf('scrap'),
    scheduleAdherence: await answerOf('schedule-adherence'),
    throughput: await answerOf('throughput'),
    firstPassYield: await answerOf('yield'),
    leadTime: await answerOf('lead-time'),
    agedWorkInProgress: await answerOf('work-in-progress', 'facilityId=haifa'),
    kpiEvidence: await answerOf('evidence', `${morning}&equipmentId=${equipmentId}&kind=Stop`),
  };
  expect(rest).toMatchObject(body.data);
});

describe('a question that makes no sense', () => {
  const period = `from=${at('08:00')}&to=${at('14:00')}`;
  it.each([
    ['to', 'downtime', `facilityId=haifa&from=${at('14:00')}&to=${at('08:00')}`],
    ['to', 'scrap', 'facilityId=haifa&from=2016-01-01T00:00:00Z&to=2026-01-01T00:00:00Z'],
    ['to', 'lead-time', 'facilityId=haifa&from=2016-01-01T00:00:00Z&to=2026-01-01T00:00:00Z'],
    ['equipmentId', 'downtime', `${morning}&equipmentId=haifa.M99`],
    ['equipmentId', 'evidence', `${morning}&equipmentId=lyon.M1`],
    ['elementId', 'downtime', `${morning}&elementId=haifa.cellar`],
    ['calendarId', 'downtime', `${morning}&calendarId=haifa.none`],
    ['shift', 'downtime', `${morning}&shift=Late`],
    ['by', 'scrap', `${morning}&by=Weather`],
    ['facilityId', 'downtime', `facilityId=atlantis&${period}`],
    ['facilityId', 'work-in-progress', 'facilityId=atlantis'],
    ['nonsense', 'yield', `${morning}&nonsense=1`],
  ])('is refused with its field: %s of %s', async (field, path, query) => {
    const { status, body } = await ask(path, query);
    expect([status, body.code, body.errors?.[0].field]).toEqual([400, 'invalid-input', field]);
  });

  it('about another plant looks like one about a plant that does not exist, and a device may not ask', async () => {
    for (const path of ['downtime', 'scrap', 'throughput', 'evidence']) {
      const query = path === 'evidence' ? `${morning}&equipmentId=${equipmentId}` : morning;
      const { status, body } = await ask(path, query, api.tokens.elsewhere);
      expect([path, status, body.errors?.[0].field]).toEqual([path, 400, 'facilityId']);
      expect((await ask(path, query, api.tokens.device)).status).toBe(403);
    }
  });
});

describe('SQL', () => {
  const guide = readFileSync('docs/analyse.md', 'utf8');
  let analyst: Client;
  beforeAll(async () => {
    analyst = new Client({ connectionString: api.system.databaseUrl, options: '-c search_path=analytics -c TimeZone=UTC' });
    await analyst.connect();
    await analyst.query(`INSERT INTO public.view_readers VALUES (session_user, '{haifa}')`);
  });
  afterAll(() => analyst?.end());
  const answerTo = async (question: number) => {
    const [, sql] = new RegExp(`\\n${question}\\. [^]*?\`\`\`sql\\n([^]*?)\`\`\``).exec(guide)!;
    return (await analyst.query<Record<string, unknown>>(sql!)).rows;
  };

  const morning5 = { shift: 'Morning', equipment_id: equipmentId };
  // The break of 15 min is no planned time: PBT = 20,700 s, APT = 9,000 s, Σ PRI·GQ = 9,000 s.
  it.each<[number, string, object[]]>([
    [28, 'OEE', [{ ...morning5, availability: '0.434783', oee: '0.434783' }]],
    [
      29,
      'downtime',
      [
        { reason_code: 'jam', loss_class: 'MinorStop', stops: '1' },
        { reason_code: null, loss_class: null, stops: '1' },
      ],
    ],
    [
      30,
      'scrap',
      [
        { product, reason_code: 'burr', scrap: '80' },
        { product, reason_code: 'crack', scrap: '20' },
      ],
    ],
    [31, 'repair', [{ equipment_id: equipmentId, failures: '1', mean_time_to_repair: '1800.000', iso: '900.000' }]],
    [32, 'throughput', [{ product, orders: '1', per_hour: '250.000' }]],
    [33, 'yield', [{ product, operation_id: '10', first_pass_yield: '0.903846' }]],
    [34, 'lead time', [{ product, orders: '1', half: 16_200, nine_of_ten: 16_200 }]],
    [35, 'adherence', [{ facility_id: 'haifa', due: '2', on_time: '1' }]],
    [37, 'work in progress', [{ product, operation_id: '10', in_process: '60' }]],
  ])('answers question %i of docs/analyse.md: %s', async (question, _about, expected) => {
    const rows = await answerTo(question);
    expect(rows.slice(0, expected.length)).toMatchObject(expected);
  });

  it.each(ANSWERS)('answers question %i of docs/analyse.md with nothing else: %s', async (question, _about, expected) => {
    const rows = await answerTo(question);
    expect(rows).toHaveLength(expected.length);
    expect(rows).toMatchObject(expected);
  });

  it('answers question 15 of docs/analyse.md: time in states', async () => {
    const rows = (await answerTo(15)).filter((row) => row.equipment_id === equipmentId);
    const lasted = (state: string) => ({ ...(rows.find((row) => row.state === state)?.lasted as object) });
    expect([lasted('Execute'), lasted('Held'), lasted('Aborted')]).toEqual([{ hours: 2, minutes: 30 }, { minutes: 30 }, { minutes: 30 }]);
  });

  it('has the downtime of the api, and the ledger that makes its OEE', async () => {
    const { items } = await answerOf('downtime', `${morning}&calendarId=haifa.turning`);
    const seconds = (await answerTo(29)).map((row) => [row.reason_code, Number(row.seconds)]);
    expect(seconds).toEqual([
      ['jam', 1_800],
      [null, 900],
    ]);
    expect(items.map(({ key, seconds: lasted }: { key: string; seconds: number }) => [key, lasted])).toEqual(seconds);
    const ledger = (await answerTo(36)).map(({ component, amount }) => [component, Number(amount)]);
    expect(ledger).toEqual([
      ['production', 5_400],
      ['production', 3_600],
      ['idealGood', 9_000],
    ]);
    const [fact] = await answerTo(38);
    expect([fact!.equipment_id, Number(fact!.late_facts) > 0]).toEqual([equipmentId, true]);
  });

  it('has a comment on each view and column', async () => {
    const { rows } = await analyst.query(`
      SELECT c.relname AS view, a.attname AS column FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = 'analytics'::regnamespace AND a.attnum > 0 AND col_description(c.oid, a.attnum) IS NULL
      UNION ALL SELECT relname, '' FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND obj_description(oid, 'pg_class') IS NULL`);
    expect(rows).toEqual([]);
  });

  it('shows an account no row of another plant, in derived views either', async () => {
    const { rows } = await analyst.query('SELECT count(*)::int AS n, array_agg(DISTINCT facility_id) AS plants FROM dim_machine');
    expect(rows).toEqual([{ n: 2, plants: ['haifa'] }]);
  });
});
