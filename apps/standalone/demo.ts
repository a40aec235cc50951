import { v5 as derivedId } from 'uuid';
import type { Role } from '#manufacturing/roles';
import { orderOfAll, type Step } from './demo-order';

type Machine = Readonly<{ id: string; name: string; class: string; operation: string; cycle: string }>;
type Plant = Readonly<{
  id: string;
  name: string;
  timeZone: string;
  area: string;
  line: string;
  /** In the order of the routing. */
  machines: readonly [Machine, Machine, Machine];
  raw: Readonly<{ material: string; amount: string; unit: string; perPiece: number; supplierId: string }>;
  product: string;
}>;

const ENTERPRISE = { enterpriseId: 'meridian', enterpriseName: 'Meridian Pumps' };

const PLANTS: readonly Plant[] = [
  {
    id: 'pune',
    name: 'Pune',
    timeZone: 'Asia/Kolkata',
    area: 'Foundry',
    line: 'Housing line',
    product: 'housing-raw',
    machines: [
      { id: 'M1', name: 'Moulding machine 1', class: 'moulding', operation: 'Mould', cycle: '55' },
      { id: 'M2', name: 'Casting station 1', class: 'casting', operation: 'Cast', cycle: '70' },
      { id: 'M3', name: 'Fettling cell 1', class: 'fettling', operation: 'Fettle', cycle: '60' },
    ],
    raw: { material: 'iron-ggg40', amount: '4200', unit: 'kg', perPiece: 9, supplierId: 'deccan-metals' },
  },
  {
    id: 'haifa',
    name: 'Haifa',
    timeZone: 'Asia/Jerusalem',
    area: 'Machining',
    line: 'Shaft line',
    product: 'shaft-12',
    machines: [
      { id: 'M1', name: 'CNC lathe 1', class: 'turning', operation: 'Turn', cycle: '48' },
      { id: 'M2', name: 'CNC mill 1', class: 'milling', operation: 'Mill keyway', cycle: '52' },
      { id: 'M3', name: 'Grinder 1', class: 'grinding', operation: 'Grind', cycle: '64' },
    ],
    raw: { material: 'steel-bar-40', amount: '310.5', unit: 'm', perPiece: 0.6, supplierId: 'carmel-steel' },
  },
  {
    id: 'lyon',
    name: 'Lyon',
    timeZone: 'Europe/Paris',
    area: 'Assembly',
    line: 'Pump line',
    product: 'pump-p12',
    machines: [
      { id: 'M1', name: 'Press 1', class: 'pressing', operation: 'Press bearing', cycle: '40' },
      { id: 'M2', name: 'Assembly cell 1', class: 'assembly', operation: 'Assemble', cycle: '75' },
      { id: 'M3', name: 'Test bench 1', class: 'testing', operation: 'Test', cycle: '66' },
    ],
    raw: { material: 'bearing-6204', amount: '1200', unit: 'pcs', perPiece: 2, supplierId: 'rhone-bearings' },
  },
];

const WORKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'];
const SHIFTS = [
  { shift: 'Early', weekdays: WORKDAYS, startsAt: '06:00', endsAt: '14:00', breaks: [{ startsAt: '09:30', endsAt: '10:00' }] },
  { shift: 'Late', weekdays: WORKDAYS, startsAt: '14:00', endsAt: '22:00', breaks: [{ startsAt: '18:00', endsAt: '18:30' }] },
  { shift: 'Night', weekdays: WORKDAYS, startsAt: '22:00', endsAt: '06:00', breaks: [{ startsAt: '02:00', endsAt: '02:30' }] },
];

/** A working day of one plant: an order that is finished and closed, one that runs, one that waits, a lot on hold, a machine that broke down. */
function* dayOf({ id, name, timeZone, area, line, machines, raw, product }: Plant, moment: (ago: number) => string): Generator<Step> {
  const at = (local: string) => `${id}.${local}`;
  const [first, second, third] = machines;
  const step = (as: Role, ago: number, send: string, body: Step['body'], refused?: string): Step => ({
    as,
    ago,
    send,
    body,
    ...(refused && { refused }),
  });
  const place = (elementId: string, level: string, parent: string | undefined, label: string) =>
    step('engineer', 600, 'facility/add-hierarchy-element', {
      elementId: at(elementId),
      level,
      name: label,
      ...(parent && { parentId: at(parent) }),
    });

  yield step('engineer', 600, 'facility/register-facility', { facilityId: id, name, timeZone, ...ENTERPRISE });
  yield place('A1', 'Area', undefined, area);
  yield place('L1', 'ProductionLine', 'A1', line);
  yield place('S1', 'StorageZone', 'A1', 'Store');
  yield place('S1-RAW', 'StorageUnit', 'S1', 'Raw material');
  yield place('S1-FG', 'StorageUnit', 'S1', 'Finished goods');
  yield step('planner', 595, 'shift-calendar/publish-calendar-version', {
    calendarId: at('L1'),
    timeZone,
    effectiveFrom: '2026-01-01',
    shifts: SHIFTS,
  });

  const machine = (local: string, ago: number, ...commands: readonly (readonly [Role, string, string?])[]) =>
    commands.map(([as, command, reason], index) =>
      step(as, ago - index / 4, `equipment/${command}`, { equipmentId: at(local), ...(reason && { reason }) }),
    );
  const done = ['device', 'report-state-complete'] as const;
  for (const { id: local, name: label, class: equipmentClass } of machines) {
    yield place(`C-${local}`, 'WorkCell', 'L1', label);
    yield step('engineer', 590, 'equipment/register-equipment', {
      equipmentId: at(local),
      name: label,
      equipmentClass,
      elementId: at(`C-${local}`),
    });
    yield* machine(local, 485, ['operator', 'reset-equipment'], done, ['operator', 'start-equipment'], done);
  }

  const lot = { lotId: at('RAW-1'), materialId: raw.material, quantity: { amount: raw.amount, unit: raw.unit } };
  yield step('operator', 540, 'material-lot/receive-lot', {
    ...lot,
    supplierId: raw.supplierId,
    supplierLot: 'B-20817',
    locationId: at('S1-RAW'),
  });
  yield step('operator', 535, 'material-lot/receive-lot', {
    ...lot,
    lotId: at('RAW-2'),
    supplierId: raw.supplierId,
    supplierLot: 'B-20818',
    locationId: at('S1-RAW'),
  });
  yield step('quality', 530, 'material-lot/hold-lot', {
    lotId: at('RAW-2'),
    holdId: 'H1',
    reason: 'The certificate of the batch is missing.',
  });

  yield step('planner', 520, 'production-order/create-production-order', {
    productionOrderId: at('PO-1001'),
    product,
    quantity: pieces(300),
    due: moment(-1440),
    priority: 3,
    overPercent: '5',
    customerRef: 'C-7731',
  });
  for (const [order, quantity] of [
    ['WO-1', 120],
    ['WO-2', 180],
  ] as const) {
    yield step('planner', 518, 'production-order/link-work-order', {
      productionOrderId: at('PO-1001'),
      workOrderId: at(order),
      quantity: pieces(quantity),
    });
  }
  const operations = machines.map(({ operation, class: equipmentClass, cycle }, index) => ({
    operationId: String(10 * (index + 1)),
    name: operation,
    sequence: index + 1,
    equipmentClass,
    idealCycleSeconds: cycle,
  }));
  const release = (order: string, quantity: number, allowStart: boolean) =>
    step('planner', 515, 'work-order/release-work-order', {
      workOrderId: at(order),
      product,
      quantity: pieces(quantity),
      operations,
      overPercent: '5',
      resumeWithinMinutes: 20,
      allowStart,
      ...(order !== 'WO-3' && { productionOrderId: at('PO-1001') }),
    });
  yield release('WO-1', 120, true);
  yield release('WO-2', 180, true);
  yield release('WO-3', 60, true);
  for (const order of ['WO-1', 'WO-2']) {
    for (const [index, { id: local }] of machines.entries()) {
      yield step('planner', 505, 'work-order/dispatch-operation', {
        workOrderId: at(order),
        operationId: String(10 * (index + 1)),
        equipmentId: at(local),
      });
    }
  }
  yield step('planner', 500, 'work-order/stage-work-order', {
    workOrderId: at('WO-3'),
    readiness: 'Waiting',
    blockers: [`${raw.material} is on hold`],
  });
  yield step(
    'operator',
    470,
    'work-order/start-work-order',
    { workOrderId: at('WO-3'), equipmentId: at(first.id) },
    'work-order-not-ready',
  );

  const used = (order: string, count: number, ago: number) =>
    step('operator', ago, 'material-lot/consume-lot', {
      lotId: at('RAW-1'),
      workOrderId: at(order),
      operationId: '10',
      consumptionId: `${order}-1`,
      quantity: { amount: decimal(count * raw.perPiece), unit: raw.unit },
    });
  const report = (
    order: string,
    operation: number,
    by: Machine,
    number: number,
    from: number,
    to: number,
    good: number,
    scrap?: readonly [number, string],
  ) =>
    step('operator', to, 'work-order/report-production', {
      workOrderId: at(order),
      reportId: `${operation}-${number}`,
      operationId: String(operation),
      equipmentId: at(by.id),
      good: String(good),
      from: moment(from),
      to: moment(to),
      ...(scrap && { scrap: [{ quantity: String(scrap[0]), reasonCode: scrap[1] }] }),
    });
  const begin = (order: string, operation: number, ago: number) =>
    step('operator', ago, 'work-order/start-operation', { workOrderId: at(order), operationId: String(operation) });
  const finish = (order: string, operation: number, ago: number) =>
    step('operator', ago, 'work-order/complete-operation', { workOrderId: at(order), operationId: String(operation) });

  // WO-1: finished, with scrap, and closed.
  yield step('operator', 470, 'equipment/assign-equipment', { equipmentId: at(first.id), workOrderId: at('WO-1') });
  yield begin('WO-1', 10, 465);
  yield used('WO-1', 124, 464);
  yield report('WO-1', 10, first, 1, 465, 405, 64, [1, 'dimension']);
  yield report('WO-1', 10, first, 2, 405, 350, 59);
  yield finish('WO-1', 10, 350);
  yield step('operator', 349, 'equipment/unassign-equipment', { equipmentId: at(first.id), workOrderId: at('WO-1') });
  yield begin('WO-1', 20, 345);
  yield report('WO-1', 20, second, 1, 345, 280, 70);
  yield report('WO-1', 20, second, 2, 280, 230, 52, [1, 'surface']);
  yield finish('WO-1', 20, 230);
  yield begin('WO-1', 30, 228);
  yield report('WO-1', 30, third, 1, 228, 160, 71);
  yield report('WO-1', 30, third, 2, 160, 105, 51);
  yield finish('WO-1', 30, 105);
  yield step('operator', 104, 'work-order/complete-work-order', { workOrderId: at('WO-1') });
  yield step('operator', 103, 'material-lot/produce-lot', {
    lotId: at('FG-1'),
    productionId: 'WO-1',
    materialId: product,
    quantity: pieces(122),
    workOrderId: at('WO-1'),
    operationId: '30',
    locationId: at('S1-FG'),
  });

  // The third machine broke down in between, and the second one starves now.
  yield* machine(third.id, 300, ['operator', 'stop-equipment', 'Spindle bearing is hot.'], done);
  yield step('supervisor', 290, 'equipment/classify-stop', {
    equipmentId: at(third.id),
    stopId: 'S1',
    reasonCode: 'spindle-bearing',
    lossClass: 'Breakdown',
  });
  yield* machine(third.id, 262, ['operator', 'reset-equipment'], done, ['operator', 'start-equipment'], done);
  yield* machine(second.id, 25, ['operator', 'suspend-equipment', 'No pieces from upstream.'], done);

  // WO-2: runs now; its first report was wrong and is corrected.
  yield step('operator', 342, 'equipment/assign-equipment', { equipmentId: at(first.id), workOrderId: at('WO-2') });
  yield begin('WO-2', 10, 340);
  yield used('WO-2', 150, 339);
  yield report('WO-2', 10, first, 1, 340, 260, 96, [2, 'dimension']);
  yield step('supervisor', 250, 'work-order/correct-report', {
    workOrderId: at('WO-2'),
    reportId: '10-1',
    replacementReportId: '10-1b',
    good: '86',
    scrap: [{ quantity: '2', reasonCode: 'dimension' }],
    reason: 'A box of ten was counted twice.',
  });
  yield report('WO-2', 10, first, 2, 260, 170, 40);
  yield begin('WO-2', 20, 165);
  yield report('WO-2', 20, second, 1, 165, 60, 90, [1, 'surface']);
}

const pieces = (count: number) => ({ amount: String(count), unit: 'pcs' });
const decimal = (amount: number) => String(Math.round(amount * 1000) / 1000);

const NAMESPACE = '5b0f2f3e-8a55-4f0b-9d0e-3c1d9c2a7b41';

/** Why the demo enterprise could not be created. */
class DemoFailed extends Error {}

/**
 * Creates the demo enterprise by ordinary commands, as a client would. `base` is the demo's moment: with the same one, the same ids and
 * the same payloads are sent, so that an interrupted run can be repeated and changes nothing twice.
 */
export async function createDemo(api: string, base: string, tokenOf: (role: Role) => Promise<string>): Promise<number> {
  const moment = (ago: number) => new Date(Date.parse(base) - ago * 60_000).toISOString();
  let sent = 0;
  const play = async (name: string, steps: Iterable<Step>) => {
    let number = 0;
    for (const { as, ago, send, body, refused } of steps) {
      const commandId = derivedId(`${base}/${name}/${number++}`, NAMESPACE);
      const response = await post(`${api}/${send}`, await tokenOf(as), { ...body, commandId, occurredAt: moment(ago) });
      const answer = (await response.json()) as { code?: string; detail?: string; errors?: unknown };
      if (refused ? answer.code !== refused : !response.ok) {
        throw new DemoFailed(
          `${send} of ${name} (${JSON.stringify(body)}): ${response.status} ${answer.code}: ${answer.detail} ${JSON.stringify(answer.errors ?? '')}`,
        );
      }
      sent += 1;
    }
  };
  await Promise.all(PLANTS.map((plant) => play(plant.id, dayOf(plant, moment))));
  await play('order', orderOfAll(ENTERPRISE, moment));
  return sent;
}

/** Retries after no answer or a 503: the command id makes that harmless. */
async function post(url: string, token: string, body: object): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    }).catch((error: Error) => error);
    const passing = response instanceof Error || response.status === 503 || response.status === 429;
    if (!passing) return response;
    if (attempt === 9) throw new DemoFailed(`${url}: ${response instanceof Error ? response.message : response.status}`);
    await new Promise((wait) => setTimeout(wait, 300 * (attempt + 1)));
  }
}
