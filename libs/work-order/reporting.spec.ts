import { digestOf } from '#platform/commands/digest';
import * as fc from 'fast-check';
import type { Context } from '#kernel/decider';
import { compare, plus, sum } from '#manufacturing/quantity';
import { Rejected } from '#kernel/rejected';
import { standing } from './ledger';
import { workOrder } from './work-order';
import type { WorkOrder } from './job-states';
import { countedBy } from './report.events';
import type { WorkOrderEvent } from './work-order.events';

const workOrderId = 'haifa.WO1';
const context: Context = {
  now: '2026-01-05T12:00:00.000Z',
  occurredAt: '2026-01-05T12:00:00.000Z',
  actor: 'ann',
  role: 'operator',
  commandId: '1',
  digestOf,
};
type Command = Readonly<{ type: keyof typeof workOrder.decide; data: object }>;

const decide = (state: WorkOrder, { type, data }: Command, at = context.now): readonly WorkOrderEvent[] =>
  workOrder.decide[type](data as never, state, { ...context, occurredAt: at });

const amount = fc.oneof(fc.integer({ min: 0, max: 60 }).map(String), fc.constantFrom('0.5', '12.000001', '999999999999.999999'));
const minute = fc
  .integer({ min: 0, max: 600 })
  .map((minutes) => new Date(Date.parse('2026-01-05T06:00:00Z') + minutes * 60_000).toISOString());
const operationId = fc.constantFrom('10', '20', '30');
const equipmentId = fc.constantFrom('haifa.M1', 'haifa.M2', 'lyon.M1');
const scrap = fc.array(fc.record({ quantity: amount, reasonCode: fc.constantFrom('burr', 'crack') }), { maxLength: 2 });
const reportId = fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5', 'r6');
const figures = { good: amount, scrap, rework: amount, from: minute, to: minute };
const report = fc.record({ workOrderId: fc.constant(workOrderId), reportId, operationId, equipmentId, ...figures });
const command = (type: Command['type'], data: fc.Arbitrary<object>): fc.Arbitrary<Command> =>
  data.map((fields) => ({ type, data: { workOrderId, ...fields } }));

const observing = command(
  'ObserveProduction',
  fc
    .tuple(
      report,
      fc.record({
        kind: fc.constantFrom('Production', 'Setup', 'Breakdown'),
        unit: fc.constantFrom(undefined, 'pcs', 'kg', 'g'),
        product: fc.constantFrom(undefined, 'flange', 'bolt'),
        ordered: fc.constantFrom(undefined, { amount: '10', unit: 'pcs' }, { amount: '3', unit: 'kg' }),
      }),
    )
    .map(([fields, more]) => ({ ...fields, ...more })),
);
const counting = command(
  'ReportCounter',
  fc.record({
    counterId: fc.constantFrom('c1', 'c2'),
    operationId,
    equipmentId,
    raw: fc.integer({ min: 0, max: 300 }).map(String),
    wrapAt: fc.constantFrom(undefined, '256'),
  }),
);
const releasing = command(
  'ReleaseWorkOrder',
  fc.record({
    product: fc.constant('flange'),
    quantity: fc.constantFrom({ amount: '100', unit: 'pcs' }, { amount: '40', unit: 'kg' }),
    operations: fc.constant([
      { operationId: '10', name: 'Turning', sequence: 10, equipmentId: 'haifa.M1' },
      { operationId: '20', name: 'Packing', sequence: 20, overlapAllowed: true },
    ]),
    overPercent: fc.constantFrom(undefined, '10'),
    allowStart: fc.boolean(),
  }),
);
const any: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: releasing },
  { weight: 4, arbitrary: command('ReportProduction', report) },
  { weight: 4, arbitrary: observing },
  { weight: 3, arbitrary: counting },
  {
    weight: 2,
    arbitrary: command(
      'CorrectReport',
      fc.record({ reportId, replacementReportId: reportId, good: amount, scrap, reason: fc.constant('x') }),
    ),
  },
  { weight: 3, arbitrary: command('StartWorkOrder', fc.constant({})) },
  { weight: 2, arbitrary: command('StartOperation', fc.record({ operationId, equipmentId })) },
  command('AttachWorkOrder', fc.record({ productionOrderId: fc.constantFrom('haifa.P1', 'haifa.P2') })),
  command('DetachWorkOrder', fc.record({ productionOrderId: fc.constantFrom('haifa.P1', 'haifa.P2') })),
  command('AllowStart', fc.constant({})),
  command('RevokeStart', fc.constant({})),
  command(
    'StageWorkOrder',
    fc.record({ readiness: fc.constantFrom('Waiting', 'Ready', 'Loaded'), blockers: fc.constantFrom([], ['bar']) }),
  ),
  command('UpdateWorkOrder', fc.record({ quantity: fc.constant({ amount: '50', unit: 'pcs' }) })),
  command('DispatchOperation', fc.record({ operationId, equipmentId })),
  command('CompleteOperation', fc.record({ operationId })),
  command('HoldWorkOrder', fc.record({ cause: fc.constantFrom('Equipment', 'Quality'), equipmentId, reason: fc.constant('x') })),
  command('PauseWorkOrder', fc.record({ cause: fc.constant('Material'), reason: fc.constant('x') })),
  command('ResumeWorkOrder', fc.record({ heldFor: fc.constantFrom(undefined, 'haifa.M1') })),
  command('RequestSupervisorDecision', fc.record({ question: fc.constant('?') })),
  command('DecideResumption', fc.record({ decision: fc.constantFrom('Resume', 'Stop', 'Abort'), reason: fc.constant('x') })),
  command('CompleteWorkOrder', fc.constant({})),
  command('StopWorkOrder', fc.record({ reason: fc.constant('x') })),
  command('AbortWorkOrder', fc.record({ reason: fc.constant('x') })),
  command('CloseWorkOrder', fc.constant({})),
  command('CancelWorkOrder', fc.record({ reason: fc.constant('x') })),
);

/** State and events after the commands; refused ones add nothing. */
function run(commands: readonly Command[]): { state: WorkOrder; events: WorkOrderEvent[] } {
  let state = workOrder.initial;
  const events: WorkOrderEvent[] = [];
  for (const each of commands) {
    try {
      const caused = decide(state, each);
      events.push(...caused);
      state = caused.reduce(workOrder.evolve, state);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
    }
  }
  return { state, events };
}
const past = fc.array(any, { maxLength: 30 });

describe('any past of a work order', () => {
  test('a repeated command changes nothing or is refused', () => {
    fc.assert(
      fc.property(past, any, (before, again) => {
        const { state } = run([...before, again]);
        try {
          expect(decide(state, again)).toEqual([]);
        } catch (error) {
          if (!(error instanceof Rejected)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
  test('observed facts are never refused', () => {
    fc.assert(
      fc.property(past, fc.oneof(observing, counting), (before, fact) => void decide(run(before).state, fact)),
      { numRuns: 500 },
    );
  });
  test('an observed report becomes a fact or a conflict, or is already known', () => {
    fc.assert(
      fc.property(past, observing, (before, fact) => {
        const { state } = run(before);
        const types = decide(state, fact).map(({ type }) => type);
        if (types.length > 0)
          expect(types.filter((type) => type === 'ProductionObserved' || type === 'ConflictingReportDetected')).toHaveLength(1);
        else expect(decide(run([...before, fact]).state, fact)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
  test('the quantity of an operation is the sum of its valid reports and counters', () => {
    fc.assert(
      fc.property(past, (before) => {
        const { state, events } = run(before);
        if (state.status === 'Unknown') return;
        for (const { operationId: id, good } of state.operations) {
          const reports = [...standing(state.ledger)].filter((told) => told.operationId === id && told.unit === state.unit);
          const counted = events.flatMap(({ type, data }) => (type === 'CounterRead' && data.operationId === id ? [countedBy(data)] : []));
          expect(good).toBe(sum([...reports.map((told) => told.good), ...counted]));
        }
      }),
      { numRuns: 500 },
    );
  });
  test('no accepted command exceeds the tolerance by itself', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(releasing, command('StartWorkOrder', fc.constant({})), command('ReportProduction', report)), { maxLength: 40 }),
        (commands) => {
          const { state } = run(commands);
          if (state.status === 'Unknown' || state.status === 'Observed') return;
          for (const { good } of state.operations)
            expect(
              compare(
                good,
                plus(state.terms.quantity, state.terms.overPercent === '10' ? (state.terms.quantity === '100' ? '10' : '4') : '0'),
              ),
            ).toBeLessThanOrEqual(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test.each(['ReportProduction', 'ObserveProduction'])('the floor time of %s is the end of its interval', (name) => {
  const to = '2026-01-05T07:00:00+02:00';
  expect(workOrder.floorTimeIfAbsent!(name, { from: '2026-01-05T06:00:00+02:00', to })).toBe(to);
  expect(workOrder.floorTimeIfAbsent!('StartWorkOrder', { to })).toBeUndefined();
});
