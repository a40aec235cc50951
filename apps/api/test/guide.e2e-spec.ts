/** Questions of docs/analyse.md that ask for what goes wrong, on a plant where it did, worked by hand. */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
let analyst: Client;
let token: string;
const events: string[] = [];
async function take(path: string, body: object, as = api.tokens.everywhere): Promise<void> {
  const { status, body: answer } = await api.post(path, body, as);
  expect([path, status, answer.detail]).toEqual([path, 200, undefined]);
  token = answer.token as string;
  events.push(...(answer.events as string[]));
}
const at = (time: string, day = '05') => `2026-01-${day}T${time}:00.000Z`;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const pieces = (amount: string) => ({ amount, unit: 'pcs' });
const kilos = (amount: string) => ({ amount, unit: 'kg' });
const state = (machine: string, to: string, occurredAt: string, more: object = {}) =>
  take('/equipment/observe-equipment-state', { equipmentId: `bern.${machine}`, state: to, occurredAt, ...more });
const order = (id: string, productionOrderId?: string) =>
  take('/work-order/release-work-order', {
    ...{
      workOrderId: `bern.${id}`,
      productionOrderId,
      product: 'valve',
      quantity: pieces('100'),
      allowStart: true,
      occurredAt: at('05:30'),
    },
    operations: [{ operationId: '10', name: 'Turn', sequence: 10 }],
  });
const start = (id: string, machine: string, occurredAt: string) =>
  take('/work-order/start-work-order', { workOrderId: `bern.${id}`, equipmentId: `bern.${machine}`, occurredAt });
const observed = (id: string, reportId: string, good: string, from: string, to: string) =>
  take('/work-order/observe-production', {
    ...{ workOrderId: `bern.${id}`, reportId, operationId: '10', equipmentId: 'bern.M1', kind: 'Production', good, from, to },
  });

const VIEWS = [
  ...['audit/trail', 'audit/commands', 'genealogy-edges', 'order-board', 'equipment', 'equipment-timeline', 'equipment-exceptions'],
  ...['machine-overlaps', 'material-lot', 'lot-discrepancies', 'work-order', 'report-exception', 'production-report'],
];
/** The views have what the last command recorded. */
async function shown(): Promise<void> {
  for (const view of VIEWS)
    for (let behind = true, tries = 0; behind; tries += 1) {
      behind = (await api.get(`/${view}?first=1&waitFor=${token}`)).body.behind as boolean;
      expect([view, tries]).not.toEqual([view, 10]);
    }
}

beforeAll(async () => {
  api = await ApiUnderTest.start();
  await api.plants('bern');
  for (const machine of ['M1', 'M2', 'M3', 'M4'])
    await take('/equipment/register-equipment', {
      equipmentId: `bern.${machine}`,
      name: machine,
      equipmentClass: 'lathe',
      occurredAt: at('05:00'),
    });
  // M1 has run ever since; of M3 nothing was known for a day, less one minute; M4 made a step that PackML does not have.
  await state('M1', 'Execute', at('06:00'));
  await state('M3', 'Execute', at('08:00'));
  await state('M3', 'Execute', at('08:01'), { quality: 'STALE' });
  await state('M3', 'Execute', at('08:00', '06'));
  await state('M4', 'Aborted', at('08:00'));
  await state('M4', 'Execute', at('09:00'));
  await state('M2', 'Execute', ago(2 * 3_600_000));
  await state('M2', 'Holding', ago(3_600_000));
  for (const [id, due] of [
    ['bern.P1', at('00:00', '06')],
    ['bern.P2', '2099-01-01T00:00:00.000Z'],
  ])
    await take('/production-order/create-production-order', { productionOrderId: id, product: 'valve', quantity: pieces('100'), due });
  await order('W1', 'bern.P1');
  await take('/production-order/link-work-order', { productionOrderId: 'bern.P1', workOrderId: 'bern.W1', quantity: pieces('100') });
  await order('W2');
  await start('W1', 'M1', at('06:00'));
  await start('W2', 'M2', at('07:00'));
  await take('/work-order/hold-work-order', { workOrderId: 'bern.W2', cause: 'Tooling', reason: 'tool broke', occurredAt: at('08:00') });
  // 4 beyond the order, and at the same time as pieces of another order on the machine.
  await observed('W1', 'r1', '104', at('06:00'), at('08:00'));
  await observed('W9', 'r1', '5', at('07:00'), at('09:00'));
  const refused = await api.post('/work-order/complete-work-order', { workOrderId: 'bern.W1' });
  expect(refused.body.code).toBe('operations-open');
  await take('/material-lot/receive-lot', { lotId: 'bern.L1', materialId: 'steel', quantity: kilos('10'), occurredAt: at('05:00') });
  await take('/material-lot/consume-lot', { lotId: 'bern.L1', workOrderId: 'bern.W1', quantity: kilos('4'), occurredAt: at('06:30') });
  await take('/material-lot/observe-stock-count', { lotId: 'bern.L1', quantity: kilos('5'), occurredAt: at('10:00') });
  await shown();
  analyst = new Client({ connectionString: api.system.databaseUrl, options: '-c search_path=analytics -c TimeZone=UTC' });
  await analyst.connect();
  await analyst.query(`INSERT INTO public.view_readers VALUES (session_user, '{bern}')`);
}, 60_000);
afterAll(async () => {
  await analyst?.end();
  await api?.stop();
});

const guide = readFileSync('docs/analyse.md', 'utf8');
async function answerTo(question: number) {
  const [, sql] = new RegExp(`\\n${question}\\. [^]*?\`\`\`sql\\n([^]*?)\`\`\``).exec(guide)!;
  return (await analyst.query<Record<string, unknown>>(sql!)).rows;
}

const lathe = (machine: string, to: string, lasted: object) => ({ equipment_id: `bern.${machine}`, state: to, lasted });
const done = (role: string, count: number) => ({ role, actor: 'eve', count: String(count) });
it.each<[question: number, about: string, rows: object[]]>([
  [
    1,
    'orders at risk',
    [
      { production_order_id: 'bern.P1', status: 'InProgress', risk: 'Exceeded', percent_done: '104' },
      { production_order_id: 'bern.P2', status: 'Open', risk: 'Unallocated', percent_done: '0' },
    ],
  ],
  [2, 'what was ordered and made', [{ facility_id: 'bern', product: 'valve', unit: 'pcs', ordered: '200', good: '104', scrap: '0' }]],
  [3, 'overproduction', [{ work_order_id: 'bern.W1', quantity: '100', over_percent: '0', good: '104' }]],
  [9, 'held orders', [{ work_order_id: 'bern.W2', hold_cause: 'Tooling', hold_reason: 'tool broke' }]],
  [
    13,
    'broken rules',
    [
      { kind: 'MachineOccupiedDetected', count: '1' },
      { kind: 'OverproductionDetected', count: '1' },
    ],
  ],
  [
    16,
    'the last week',
    [
      lathe('M1', 'Execute', { days: 7 }),
      lathe('M2', 'Execute', expect.objectContaining({ hours: 1 })),
      lathe('M2', 'Holding', expect.objectContaining({ hours: 1 })),
      lathe('M3', 'Execute', { days: 7 }),
      lathe('M4', 'Execute', { days: 7 }),
    ],
  ],
  [17, 'when nothing was known', [{ equipment_id: 'bern.M3', unknown: { hours: 23, minutes: 59 } }]],
  [
    20,
    'machines now',
    [
      { facility_id: 'bern', state: 'Execute', count: '3', with_orders: '0' },
      { facility_id: 'bern', state: 'Holding', count: '1', with_orders: '0' },
    ],
  ],
  [21, 'implausible observations', [{ equipment_id: 'bern.M4', kind: 'IllegalTransitionObserved', count: '1' }]],
  [22, 'orders on one machine', [{ equipment_id: 'bern.M1', capacity: 1, work_order: 'bern.W9', report: 'r1', others: ['bern.W1'] }]],
  [23, 'usable stock', [{ facility_id: 'bern', material_id: 'steel', unit: 'kg', usable: '6' }]],
  [24, 'where a lot went', [{ id: 'bern.W1', kind: 'WorkOrder' }]],
  [25, 'counts', [{ lot_id: 'bern.L1', kind: 'LESS_THAN_BOOKED', counted: '5', expected: '6', difference: '-1' }]],
  [26, 'refusals', [{ command: 'CompleteWorkOrder', code: 'operations-open', count: '1' }]],
  // The plant, what the commands recorded, and one refusal.
  [27, 'who did how much', [done('operator', 22), done('engineer', 10), done('supervisor', 4), done('planner', 3)]],
])('question %i of docs/analyse.md is answered: %s', async (question, _about, expected) => {
  const rows = await answerTo(question);
  expect(rows).toHaveLength(expected.length);
  expect(rows).toEqual(expect.arrayContaining(expected.map((row) => expect.objectContaining(row) as object)));
});

it('question 14 of docs/analyse.md is answered: how late reports come', async () => {
  const [row, ...others] = await answerTo(14);
  expect([row!.facility_id, others]).toEqual(['bern', []]);
  const days = (lasted: unknown) =>
    Math.round(((lasted as { days: number; hours: number }).days * 24 + (lasted as { hours: number }).hours) / 24);
  const ended = (time: string) => Math.round((Date.now() - Date.parse(at(time))) / 86_400_000);
  expect(Math.abs(days(row!.half) - ended('08:30'))).toBeLessThanOrEqual(1);
  expect(Math.abs(days(row!.latest) - ended('08:00'))).toBeLessThanOrEqual(1);
});

it('question 27 counts every event', async () => {
  const counted = (await answerTo(27)).reduce((sum, { count }) => sum + Number(count), 0);
  expect(counted).toBe(events.length + 2);
});
