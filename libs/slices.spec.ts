import { digestOf } from '#platform/commands/digest';
import * as fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '#kernel/decider';
import { type Event, type Metadata, schemaOf, upcast, type Upcasts } from '#kernel/event';
import { customerOrder } from '#customer-order/customer-order';
import { decision } from '#decision/decision';
import { equipment } from '#equipment/equipment';
import { facilityCapacity } from '#facility-capacity/facility-capacity';
import { workMaster } from '#work-master/work-master';
import { allocationPlan } from '#allocation-plan/allocation-plan';
import { facility } from '#facility/facility';
import { fileImport } from '#import/import';
import { inboundTransfer } from '#inbound-transfer/inbound-transfer';
import { interFacilityTransfer } from '#inter-facility-transfer/inter-facility-transfer';
import { masterData } from '#master-data/master-data';
import { materialLot } from '#material-lot/material-lot';
import { productionOrder } from '#production-order/production-order';
import { codeOf } from '#platform/runtime/build';
import { cellsOf } from '#platform/views/cells';
import { views } from '#slices';
import { shiftCalendar } from '#shift-calendar/shift-calendar';
import { transportLane } from '#transport-lane/transport-lane';
import { workOrder } from '#work-order/work-order';

type Recording = Event & { metadata: Pick<Metadata, 'schema'> };
type Slice = Readonly<{ category: string; initial: unknown; evolve: (state: never, event: never) => unknown; upcasts?: Upcasts }>;
const slices: readonly Slice[] = [
  customerOrder,
  decision,
  facility,
  equipment,
  fileImport,
  inboundTransfer,
  interFacilityTransfer,
  masterData,
  materialLot,
  productionOrder,
  shiftCalendar,
  transportLane,
  workOrder,
  facilityCapacity,
  workMaster,
  allocationPlan,
];
const source = join(__dirname, '../../libs');
const typesOf = (category: string): string[] =>
  readdirSync(join(source, category))
    .filter((file) => file.endsWith('.events.ts'))
    .flatMap((file) => [...readFileSync(join(source, category, file), 'utf8').matchAll(/^export type \w+ = Event<\s*'(\w+)'/gm)])
    .map(([, type]) => type!);
const OWNERS: Readonly<Record<string, string>> = {
  'allocation-plan': 'allocation-plan',
  'customer-order': 'customer-order',
  'decision-queue': 'decision',
  'equipment-now': 'equipment',
  'inbound-transfer': 'inbound-transfer',
  'lot-stock': 'material-lot',
  'master-data': 'master-data',
  'order-board': 'production-order',
  'shift-calendar': 'shift-calendar',
  'transport-lane': 'transport-lane',
  'work-order': 'work-order',
};

it('the snapshots of each slice depend on the code of its decider, not on all code', () => {
  const all = codeOf({}, __filename);
  expect(slices.filter((slice) => codeOf(slice, __filename) === all)).toEqual([]);
});

/** Views whose rows offer a revision for If-Match. Those of the audit trail and of processes offer one of another kind. */
const revised = views.filter(
  ({ name, row }) => name in OWNERS && cellsOf(row as new () => object).some((cell) => cell.name === 'revision'),
);

test('every view of a slice whose rows offer a revision is looked at', () => {
  expect(revised.map(({ name }) => name).sort()).toEqual(Object.keys(OWNERS).sort());
});

test.each(revised.map((view) => [view.name, view] as const))(
  'the view %s reads every event of the streams whose revision its rows offer',
  (_, view) => {
    const read = new Set(view.events as readonly string[]);
    expect(typesOf(OWNERS[view.name]!).filter((type) => !read.has(type))).toEqual([]);
  },
);

test.each([
  ['equipment-exception', equipment],
  ['lot-discrepancy, lot-exception', materialLot],
  ['report-exception', workOrder],
] as const)('what the list %s shows is named as an exception in the answer to its command, and nothing else is', (names, decider) => {
  const shown = names.split(', ').flatMap((name) => views.find((view) => view.name === name)!.events as readonly string[]);
  expect([...(decider.exceptions ?? [])].sort()).toEqual([...shown].sort());
});

describe.each(slices.map((slice) => [slice.category, slice] as const))('the slice %s', (name, slice) => {
  const files = readdirSync(join(source, name, 'history'));
  const history = files.map((file) => [file, JSON.parse(readFileSync(join(source, name, 'history', file), 'utf8')) as Recording] as const);
  const types = typesOf(name);

  test('keeps a recording of every event type in every version', () => {
    const wanted = types.flatMap((type) =>
      Array.from({ length: schemaOf(slice.upcasts, type) }, (_, older) => `${type}.${older + 1}.json`),
    );
    expect(wanted.length).toBeGreaterThan(0);
    expect(files.sort()).toEqual(wanted.sort());
    for (const [file, { type, metadata }] of history) expect(`${type}.${metadata.schema}.json`).toBe(file);
  });

  test('folds every recording, from nothing and after every other one, and never throws', () => {
    const lifted = history.map(([, { type, data, metadata }]) => ({ type, data: upcast(slice.upcasts, type, data, metadata.schema) }));
    const fold = (...events: object[]) =>
      events.reduce<unknown>((state, event) => slice.evolve(state as never, event as never), slice.initial);
    expect(() => {
      for (const first of lifted) for (const second of lifted) for (const third of lifted) fold(first, second, third);
    }).not.toThrow();
  });
});

const amount = fc.oneof(fc.nat({ max: 99_999 }).map(String), fc.constantFrom('0', '0.5', '999999999999.999999', '10.000001'));
const code = fc.constantFrom('c1', '10', 'r1', 'constructor', '__proto__', 'S1');
const unit = fc.constantFrom('pcs', 'kg', 'g', 'h', undefined);
const instant = fc
  .date({ min: new Date('1970-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const id = (local: string) => fc.constantFrom(`haifa.${local}`, `lyon.${local}`);
const quantity = fc.record({ amount, unit: fc.constantFrom('pcs', 'kg', 'g') });

/** What the floor may send, for every command that is never refused. */
const facts: Readonly<Record<string, fc.Arbitrary<object>>> = {
  ObserveEquipmentState: fc.record({
    equipmentId: fc.constant('haifa.M4'),
    state: fc.oneof(fc.constantFrom('Execute', 'Held', 'Stopped', 'UNAVAILABLE', 'toString'), fc.string({ minLength: 1, maxLength: 64 })),
    quality: fc.constantFrom('GOOD', 'STALE', 'BAD', 'UNCERTAIN', undefined),
  }),
  RecordJobBegun: fc.record({
    equipmentId: fc.constant('haifa.M4'),
    workOrderId: id('WO17'),
    load: fc.option(fc.nat({ max: 9 }), { nil: undefined }),
    batchKey: fc.option(code, { nil: undefined }),
  }),
  RecordJobEnded: fc.record({ equipmentId: fc.constant('haifa.M4'), workOrderId: id('WO17') }),
  ObserveStockCount: fc.record({ lotId: fc.constant('haifa.L1'), countId: fc.option(code, { nil: undefined }), quantity }),
  ReportCounter: fc.record({
    workOrderId: fc.constant('haifa.WO17'),
    counterId: code,
    operationId: code,
    equipmentId: id('M4'),
    raw: amount,
    wrapAt: fc.option(amount, { nil: undefined }),
  }),
  ObserveProduction: fc.record({
    workOrderId: fc.constant('haifa.WO17'),
    reportId: code,
    kind: fc.constantFrom('Production', 'Setup', 'Breakdown'),
    operationId: code,
    equipmentId: id('M4'),
    good: amount,
    scrap: fc.array(fc.record({ quantity: amount, reasonCode: code }), { maxLength: 3 }),
    rework: fc.option(amount, { nil: undefined }),
    unit,
    from: instant,
    to: instant,
    ordered: fc.option(quantity, { nil: undefined }),
  }),
  RecordLegReleased: fc.record({ productionOrderId: fc.constant('haifa.P7'), workOrderId: id('WO17'), quantity }),
  RecordLegStarted: fc.record({ productionOrderId: fc.constant('haifa.P7'), workOrderId: id('WO17') }),
  RecordLegEnded: fc.record({
    productionOrderId: fc.constant('haifa.P7'),
    workOrderId: id('WO17'),
    ending: fc.constantFrom('Completed', 'Stopped', 'Aborted', 'Cancelled'),
    good: amount,
    scrap: amount,
    rework: amount,
    unit: fc.constantFrom('pcs', 'kg'),
  }),
};

const observing = [equipment, materialLot, productionOrder, workOrder].flatMap((decider) =>
  (decider.observed ?? []).map((name) => [name as string, decider as unknown as Deciding] as const),
);
type Deciding = Slice &
  Readonly<{ decide: Readonly<Record<string, (command: object, state: unknown, context: Context) => readonly Event[]>> }>;

describe.each(observing)('the observed fact %s', (name, decider) => {
  const path = join(source, decider.category, 'history');
  const recorded = readdirSync(path).map((file) => {
    const { type, data, metadata } = JSON.parse(readFileSync(join(path, file), 'utf8')) as Recording;
    return { type, data: upcast(decider.upcasts, type, data, metadata.schema) };
  });

  test('is never refused whatever was recorded before, and changes nothing when it comes again', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...recorded), { maxLength: 12 }), facts[name]!, instant, (past, fact, occurredAt) => {
        const context: Context = { now: '2026-01-05T08:00:00.000Z', occurredAt, actor: 'm4', role: 'device', commandId: 'c', digestOf };
        const fold = (state: unknown, events: readonly object[]) =>
          events.reduce<unknown>((now, event) => decider.evolve(now as never, event as never), state);
        const before = fold(decider.initial, past);
        const after = fold(before, decider.decide[name]!(fact, before, context));
        expect(decider.decide[name]!(fact, after, context)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
