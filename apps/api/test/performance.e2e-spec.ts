import { Client } from 'pg';
import { ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
/** Sends a command and expects it to be accepted. */
async function take(path: string, body: object): Promise<string> {
  const { status, body: answer } = await api.post(path, body, api.tokens.everywhere);
  expect([path, status, answer.detail]).toEqual([path, 200, undefined]);
  return answer.token as string;
}
const at = (time: string) => `2026-01-05T${time}:00.000Z`;
const observe = (state: string, time: string, quality = 'GOOD') =>
  take('/equipment/observe-equipment-state', { equipmentId: 'haifa.M1', state, quality, occurredAt: at(time) });
const ask = (query: string, token = api.tokens.analyst) => api.get(`/performance?${query}`, token);

beforeAll(async () => {
  api = await ApiUnderTest.start();
  await take('/facility/register-facility', {
    facilityId: 'haifa',
    name: 'Haifa',
    enterpriseId: 'acme',
    enterpriseName: 'Acme',
    timeZone: 'Asia/Jerusalem',
    occurredAt: at('05:00'),
  });
  for (const equipmentId of ['haifa.M1', 'haifa.M2'])
    await take('/equipment/register-equipment', { equipmentId, name: equipmentId, equipmentClass: 'lathe', occurredAt: at('05:00') });
}, 60_000);
afterAll(() => api?.stop());

describe('the performance of machines', () => {
  let token: string;
  it('comes from states, stops and reports of the floor, exactly', async () => {
    await take('/work-order/release-work-order', {
      workOrderId: 'haifa.WO1',
      product: 'shaft',
      quantity: { amount: '1000', unit: 'pcs' },
      operations: [{ operationId: '10', name: 'Turn', sequence: 10, idealCycleSeconds: '10' }],
      allowStart: true,
      occurredAt: at('08:00'),
    });
    await take('/work-order/start-work-order', { workOrderId: 'haifa.WO1', equipmentId: 'haifa.M1', occurredAt: at('08:30') });
    // The worker's process, which occupies the machine, is not run here.
    await take('/equipment/record-job-begun', { equipmentId: 'haifa.M1', workOrderId: 'haifa.WO1', occurredAt: at('08:30') });
    for (const [state, time] of [
      ['Execute', '09:00'],
      ['Held', '10:30'],
      ['Execute', '11:00'],
      ['Complete', '12:00'],
    ] as const)
      await observe(state, time);
    token = await take('/work-order/report-production', {
      workOrderId: 'haifa.WO1',
      reportId: 'r1',
      operationId: '10',
      equipmentId: 'haifa.M1',
      good: '800',
      scrap: [{ quantity: '200', reasonCode: 'burr' }],
      from: at('09:00'),
      to: at('12:00'),
    });
    const { status, body } = await ask(`facilityId=haifa&from=${at('09:00')}&to=${at('12:00')}&waitFor=${token}`);
    expect([status, body.behind]).toEqual([200, false]);
    const [{ items, total }] = body.periods;
    const [machine, idle] = items;
    expect(machine).toMatchObject({
      equipmentId: 'haifa.M1',
      time: { plannedBusy: 10_800, production: 9_000, delay: 1_800, setup: 0, down: 0, unclassified: 0 },
      made: [{ unit: 'pcs', good: '800', scrap: '200', rework: '0' }],
      kpis: {
        availability: { value: '0.833333' },
        effectiveness: { value: '1.111111' },
        qualityRatio: { value: '0.800000' },
        oee: { value: '0.740741', numerator: '8000', denominator: '10800' },
      },
    });
    expect(idle).toMatchObject({
      equipmentId: 'haifa.M2',
      kpis: { oee: { value: '0.000000' }, effectiveness: { value: null, why: 'NoProductionTime' } },
    });
    expect(total).toMatchObject({ equipmentId: null, kpis: { availability: { numerator: '9000', denominator: '21600' } } });
  });

  it('changes for its own period when a report is corrected later', async () => {
    token = await take('/work-order/correct-report', {
      workOrderId: 'haifa.WO1',
      reportId: 'r1',
      replacementReportId: 'r2',
      good: '900',
      reason: 'counted again',
    });
    const { body } = await ask(`facilityId=haifa&equipmentId=haifa.M1&from=${at('09:00')}&to=${at('12:00')}&waitFor=${token}`);
    expect(body.periods[0].items).toMatchObject([{ made: [{ good: '900' }] }]);
    const evidence = await api.get('/production-report?equipmentId=haifa.M1', api.tokens.analyst);
    expect(
      evidence.body.items.map(({ reportId, reversed }: { reportId: string; reversed: boolean }) => [reportId, reversed]).sort(),
    ).toEqual([
      ['r1', true],
      ['r2', false],
    ]);
  });

  it('is the same by GraphQL', async () => {
    const { body } = await api.graphql(
      `{ performance(facilityId: "haifa", equipmentId: "haifa.M1", from: "${at('09:00')}", to: "${at('12:00')}") {
        periods { total { time { production } kpis { oee { numerator denominator } } } } } }`,
    );
    expect(body.data.performance.periods[0].total).toEqual({
      time: { production: 9_000 },
      kpis: { oee: { numerator: '9000', denominator: '10800' } },
    });
  });

  it('is divided into the shifts of a calendar, without their breaks, and the time outside of them', async () => {
    const calendarId = 'haifa.turning';
    const weekdays = ['Monday'];
    await take('/shift-calendar/publish-calendar-version', {
      calendarId,
      timeZone: 'Asia/Jerusalem',
      effectiveFrom: '2026-01-01',
      shifts: [
        { shift: 'Morning', weekdays, startsAt: '11:00', endsAt: '13:00', breaks: [{ startsAt: '12:00', endsAt: '12:15' }] },
        { shift: 'Late', weekdays, startsAt: '13:00', endsAt: '14:00' },
      ],
    });
    token = await take('/shift-calendar/add-calendar-exception', { calendarId, day: '2026-01-12', shifts: [], reason: 'holiday' });
    const query = `facilityId=haifa&equipmentId=haifa.M1&from=${at('08:30')}&to=2026-01-12T22:00:00.000Z&calendarId=${calendarId}`;
    const { status, body } = await ask(`${query}&waitFor=${token}`);
    expect([status, body.behind]).toEqual([200, false]);
    expect(body.periods).toMatchObject([
      { shift: 'Morning', day: '2026-01-05', total: { time: { plannedOperation: 6_300, production: 4_500, delay: 1_800 }, made: [] } },
      { shift: 'Late', day: '2026-01-05', total: { time: { plannedOperation: 3_600, production: 3_600 }, made: [{ good: '900' }] } },
      { shift: null, day: null, from: at('08:30'), total: { time: { plannedOperation: 0, production: 0 }, made: [] } },
    ]);
    // The ratio of the sums: 8,100 of 9,900 s.
    const whole = { time: { plannedOperation: 9_900, production: 8_100, delay: 1_800 }, made: [{ good: '900' }] };
    expect(body.total).toMatchObject({ equipmentId: null, ...whole, kpis: { availability: { value: '0.818182' } } });
    expect(body.items).toMatchObject([{ equipmentId: 'haifa.M1', ...whole }]);
    const { status: unknown, body: problem } = await ask(query.replace('turning', 'milling'));
    expect([unknown, problem.errors]).toMatchObject([400, [{ field: 'calendarId' }]]);
  });

  it('has the same shifts for analysts, also in the nights in which clocks change', async () => {
    const calendarId = 'haifa.nights';
    const weekdays = ['Friday', 'Saturday', 'Sunday', 'Monday'];
    const token = await take('/shift-calendar/publish-calendar-version', {
      calendarId,
      timeZone: 'Asia/Jerusalem',
      effectiveFrom: '2025-03-01',
      shifts: [
        // Clocks go from 02:00 back to 01:00 on 26 October 2025, from 02:00 on to 03:00 on 28 March.
        { shift: 'First', weekdays, startsAt: '22:00', endsAt: '01:30', breaks: [{ startsAt: '00:45', endsAt: '01:15' }] },
        { shift: 'Second', weekdays, startsAt: '01:30', endsAt: '06:00', breaks: [{ startsAt: '02:30', endsAt: '03:30' }] },
      ],
    });
    const shifts = async (from: string, to: string) => {
      const period = `facilityId=haifa&equipmentId=haifa.M1&from=${from}T12:00:00Z&to=${to}T12:00:00Z&calendarId=${calendarId}`;
      const { body } = await ask(`${period}&waitFor=${token}`);
      return (body.periods as { shift: string | null; from: string; to: string; total: { time: { plannedOperation: number } } }[])
        .filter(({ shift }) => shift !== null)
        .map((each) => [each.shift, each.from, each.to, each.total.time.plannedOperation]);
    };
    const analyst = new Client({ connectionString: api.system.databaseUrl, options: '-c search_path=analytics -c TimeZone=UTC' });
    await analyst.connect();
    await analyst.query(`INSERT INTO public.view_readers VALUES (session_user, '{haifa}')`);
    for (const [from, to] of [
      ['2025-03-27', '2025-03-29'],
      ['2025-10-24', '2025-10-27'],
    ] as const) {
      const { rows } = await analyst.query(
        `SELECT shift, started_at, ended_at, planned_seconds::float8 FROM dim_shift
         WHERE calendar_id = $1 AND started_at >= $2 AND ended_at <= $3 ORDER BY started_at`,
        [calendarId, `${from}T12:00:00Z`, `${to}T12:00:00Z`],
      );
      const expected = await shifts(from, to);
      expect(expected.length).toBeGreaterThan(2);
      const instant = (value: string | Date) => new Date(value).toISOString();
      expect(rows.map((row) => [row.shift, instant(row.started_at), instant(row.ended_at), row.planned_seconds])).toEqual(expected);
    }
    await analyst.end();
  });

  it.each([
    ['to must be later', `facilityId=haifa&from=${at('12:00')}&to=${at('09:00')}`, 400],
    ['at most 92 days', `facilityId=haifa&from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z`, 400],
    ['facilityId', `from=${at('09:00')}&to=${at('12:00')}`, 400],
    ['offset', 'facilityId=haifa&from=2026-01-05&to=2026-01-06', 400],
    ['nonsense', `facilityId=haifa&from=${at('09:00')}&to=${at('12:00')}&nonsense=1`, 400],
  ])('refuses a wrong question: %s', async (words, query, expected) => {
    const { status, body } = await ask(query);
    expect([status, body.code]).toEqual([expected, 'invalid-input']);
    expect(JSON.stringify(body)).toContain(words);
  });

  it('of another plant is not shown, and a device may not ask', async () => {
    const question = `facilityId=haifa&from=${at('09:00')}&to=${at('12:00')}`;
    const { status, body } = await ask(question, api.tokens.elsewhere);
    expect([status, body.errors]).toMatchObject([400, [{ field: 'facilityId' }]]);
    expect((await ask(question, api.tokens.device)).status).toBe(403);
  });
});
