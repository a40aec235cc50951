import type { Recorded } from '#kernel/event';
import type { Told } from '#work-order/report.events';
import { whenWorkOrderEndedAdvanceProductionOrder as process } from './when-work-order-ended-advance-production-order';

type Input = Parameters<typeof process.evolve>[1];
const of = { workOrderId: 'haifa.W1', productionOrderId: 'haifa.P1' };
const at = '2026-01-05T08:00:00.000Z';
const terms = {
  product: 'flange',
  quantity: '60',
  unit: 'pcs' as const,
  overPercent: '0',
  underPercent: '0',
  operations: [],
  resumeWithinMinutes: 30,
};
const released: Input = { type: 'WorkOrderReleased', data: { ...of, ...terms, releasedAt: at } };
const amended = (quantity: string): Input => ({
  type: 'WorkOrderAmended',
  data: { ...of, from: terms, to: { ...terms, quantity }, amendedAt: at },
});
const ended: Input = {
  type: 'WorkOrderEnded',
  data: { ...of, ending: 'Completed', totals: { good: '58', scrap: '2', rework: '1', unit: 'pcs' }, operationIds: [], endedAt: at },
};
const told: Told = {
  reportId: 'r1',
  kind: 'Production',
  operationId: '20',
  equipmentId: 'haifa.M4',
  good: '8',
  scrap: [{ quantity: '2', reasonCode: 'burr' }],
  rework: '1',
  unit: 'pcs',
  from: at,
  to: at,
};
const late = { output: true, late: true } as const;
const reversed: Input = { type: 'ProductionReportReversed', data: { ...of, ...told, ...late, replacedBy: 'r2', reason: 'x' } };
const corrected: Input = {
  type: 'ProductionReportCorrected',
  data: { ...of, ...told, ...late, reportId: 'r2', good: '6', scrap: [], rework: '0', replaces: 'r1', reason: 'x' },
};

const follows = (...inputs: Input[]) => process.react(inputs.reduce(process.evolve, process.initial), inputs.at(-1)!, at);
const leg = { productionOrderId: 'haifa.P1', workOrderId: 'haifa.W1' };
const quantity = (amount: string) => ({ amount, unit: 'pcs' });

test('a release and a change of its quantity are recorded', () => {
  expect(follows(released)).toEqual([{ send: { type: 'RecordLegReleased', data: { ...leg, quantity: quantity('60'), occurredAt: at } } }]);
  expect(follows(released, amended('50'))).toEqual([
    { send: { type: 'RecordLegReleased', data: { ...leg, quantity: quantity('50'), occurredAt: at } } },
  ]);
  expect(follows(released, amended('60'))).toEqual([]);
});

test('start, end, abort and cancellation are recorded', () => {
  const result = (over: object) => [{ send: { type: 'RecordLegEnded', data: { ...leg, ...over, occurredAt: at } } }];
  expect(
    follows({ type: 'WorkOrderStarted', data: { ...of, operationId: '10', equipmentId: 'haifa.M4', operationIds: [], startedAt: at } }),
  ).toEqual([{ send: { type: 'RecordLegStarted', data: { ...leg, occurredAt: at } } }]);
  expect(follows(released, ended)).toEqual(result({ ending: 'Completed', good: '58', scrap: '2', rework: '1', unit: 'pcs' }));
  expect(follows(released, { type: 'WorkOrderCancelled', data: { ...of, reason: 'x', operationIds: [], cancelledAt: at } })).toEqual(
    result({ ending: 'Cancelled', good: '0', scrap: '0', rework: '0', unit: 'pcs' }),
  );
  expect(
    follows({
      type: 'WorkOrderAborted',
      data: { ...of, totals: { good: '5', scrap: '0', rework: '0', unit: 'kg' }, reason: 'x', operationIds: [], abortedAt: at },
    }),
  ).toEqual(result({ ending: 'Aborted', good: '5', scrap: '0', rework: '0', unit: 'kg' }));
});

test('what is corrected, observed or counted after the end changes the result, once and exactly', () => {
  const result = (good: string, scrap: string, rework: string) => [
    { send: { type: 'RecordLegEnded', data: { ...leg, ending: 'Completed', good, scrap, rework, unit: 'pcs' } } },
  ];
  expect(follows(ended, reversed)).toEqual([]);
  expect(follows(ended, reversed, corrected)).toEqual(result('56', '0', '0'));
  expect(follows(ended, { type: 'ProductionObserved', data: { ...of, ...told, ...late } })).toEqual(result('66', '4', '2'));
  expect(follows(ended, { type: 'ProductionObserved', data: { ...of, ...told, ...late, output: false } })).toEqual(result('58', '4', '2'));
  expect(follows(ended, { type: 'ProductionObserved', data: { ...of, ...told, ...late, unit: 'kg' } })).toEqual(result('58', '2', '1'));
});

test('reports of a running order, and orders without a production order, have no effect', () => {
  const correlate = (type: string, data: object) => process.correlate({ type, data, metadata: { facility: 'haifa' } } as Recorded<never>);
  expect(correlate('ProductionObserved', { ...of, ...told, output: true })).toBeUndefined();
  expect(correlate('ProductionObserved', { ...of, ...told, ...late })).toBe('haifa.P1');
  expect(correlate('WorkOrderEnded', { workOrderId: 'haifa.W1' })).toBeUndefined();
  expect(correlate('WorkOrderEnded', { workOrderId: 'haifa.W1', productionOrderId: 'berlin.P1' })).toBeUndefined();
});

test('an order that is attached late is recorded with its current state', () => {
  const totals = { good: '5', scrap: '1', rework: '0', unit: 'pcs' as const };
  const attached = (status: 'NotAllowedToStart' | 'Running' | 'Ended', times: object = {}): Input => ({
    type: 'WorkOrderAttached',
    data: {
      workOrderId: 'haifa.W1',
      productionOrderId: 'haifa.P1',
      status,
      quantity: '60',
      totals,
      ...(status === 'Ended' ? { ending: 'Completed' } : {}),
      ...times,
    },
  });
  const told = { send: { type: 'RecordLegReleased', data: { ...leg, quantity: quantity('60') } } };
  expect(follows(attached('NotAllowedToStart'))).toEqual([told]);
  expect(follows(attached('Running'))).toEqual([told, { send: { type: 'RecordLegStarted', data: leg } }]);
  expect(follows(attached('Ended'))).toEqual([
    told,
    { send: { type: 'RecordLegEnded', data: { ...leg, ending: 'Completed', ...totals } } },
  ]);
  const [startedAt, endedAt] = ['2026-01-05T06:00:00.000Z', '2026-01-05T07:00:00.000Z'];
  expect(follows(attached('Running', { startedAt }))).toEqual([
    told,
    { send: { type: 'RecordLegStarted', data: { ...leg, occurredAt: startedAt } } },
  ]);
  expect(follows(attached('Ended', { startedAt, endedAt }))).toEqual([
    told,
    { send: { type: 'RecordLegStarted', data: { ...leg, occurredAt: startedAt } } },
    { send: { type: 'RecordLegEnded', data: { ...leg, ending: 'Completed', ...totals, occurredAt: endedAt } } },
  ]);
});

test('an order that is created after its work orders learns of them, each fact at its floor time', () => {
  const created: Input = {
    type: 'ProductionOrderCreated',
    data: {
      productionOrderId: 'haifa.P1',
      product: 'flange',
      quantity: '60',
      unit: 'pcs',
      due: at,
      priority: 5,
      overPercent: '0',
      underPercent: '0',
      createdAt: at,
    },
  };
  const hour = (time: string) => `2026-01-05T${time}:00.000Z`;
  const started: Input = {
    type: 'WorkOrderStarted',
    data: { ...of, operationId: '10', equipmentId: 'haifa.M4', operationIds: [], startedAt: hour('08:10') },
  };
  const over: Input = { ...ended, data: { ...ended.data, endedAt: hour('08:50') } } as Input;
  expect(follows(released, started, over, created)).toEqual([
    { send: { type: 'RecordLegReleased', data: { ...leg, quantity: quantity('60'), occurredAt: at } } },
    { send: { type: 'RecordLegStarted', data: { ...leg, occurredAt: hour('08:10') } } },
    {
      send: {
        type: 'RecordLegEnded',
        data: { ...leg, ending: 'Completed', good: '58', scrap: '2', rework: '1', unit: 'pcs', occurredAt: hour('08:50') },
      },
    },
  ]);
  const detached: Input = { type: 'WorkOrderDetached', data: of };
  expect(follows(released, started, detached, created)).toEqual([]);
});

test('shows its status to operators', () => {
  const stands = (...inputs: Input[]) => inputs.reduce(process.evolve, process.initial);
  expect([process.status!(process.initial), process.status!(stands(released)), process.status!(stands(released, ended))]).toEqual([
    'no work order yet',
    'work orders are under way',
    'all work orders are over',
  ]);
  expect([process.isOver!(stands(released)), process.isOver!(stands(released, ended))]).toEqual([false, true]);
});
