import { digestOf } from '#platform/commands/digest';
import type { EquipmentTold } from '#equipment/equipment.events';
import { given } from '#platform/testing/given';
import type { WorkOrderEvent } from './work-order.events';
import { workOrder } from './work-order';
import { allowed, begun, released, report, reported, running, startedOn, workOrderId } from './work-order-pasts';

const job = (local: string, more: object = {}) => ({
  workOrderId: `haifa.${local}`,
  load: 1,
  batchKey: null,
  from: '2026-01-05T06:00:00.000Z',
  ...more,
});
const machine = (more: Partial<EquipmentTold> = {}) => ({
  regarded: { 'equipment-haifa.M4': { capacityMode: 'Unary', maxConcurrent: 1, jobs: [], left: [], ...more } satisfies EquipmentTold },
});
const soon = { now: '2026-01-05T08:30:00Z', occurredAt: '2026-01-05T08:30:00Z' };

describe('an order starts on a machine', () => {
  const start = (told: object) => given(workOrder, released, allowed).when('StartWorkOrder', { workOrderId }, told);
  const began: WorkOrderEvent[] = [begun, startedOn('10', 'haifa.M4')];
  test('that is free, or that it has already', () => {
    start(machine()).then(...began);
    start(machine({ jobs: [job('WO1')] })).then(...began);
  });
  test('not on one that another order has', () => {
    start(machine({ jobs: [job('W2')] })).rejects('equipment-occupied');
    given(workOrder, ...running, { type: 'OperationDispatched', data: { workOrderId, operationId: '20', equipmentId: 'haifa.M4' } })
      .when('StartOperation', { workOrderId, operationId: '20' }, machine({ jobs: [job('W2')] }))
      .rejects('equipment-occupied');
  });
  test('within its capacity', () => {
    start(machine({ capacityMode: 'Infinite', maxConcurrent: null, jobs: [job('W2'), job('W3')] })).then(...began);
    start(machine({ capacityMode: 'Cumulative', maxConcurrent: 2, jobs: [job('W2')] })).then(...began);
    start(machine({ capacityMode: 'Cumulative', maxConcurrent: 2, jobs: [job('W2', { load: 2 })] })).rejects('capacity-exceeded');
  });
  test('in a batch of its kind', () => {
    const oven = machine({ capacityMode: 'Batch', maxConcurrent: 3, jobs: [job('W2', { batchKey: 'p7' })] });
    start(oven).rejects('batch-key-missing');
    const batch = (batchKey: string) => given(workOrder, released, allowed).when('StartWorkOrder', { workOrderId, batchKey }, oven);
    batch('p8').rejects('batch-incompatible');
    batch('p7').then(begun, { type: 'OperationStarted', data: { ...began[1]!.data, batchKey: 'p7' } as never });
  });
  describe('told late', () => {
    const late = (time: string, told: Partial<EquipmentTold>) =>
      given(workOrder, released, allowed).when(
        'StartWorkOrder',
        { workOrderId, load: 2 },
        { ...machine(told), now: '2026-01-05T12:00:00.000Z', occurredAt: `2026-01-05T${time}:00.000Z` },
      );
    const began = [expect.objectContaining({ type: 'WorkOrderStarted' }), expect.objectContaining({ type: 'OperationStarted' })];
    const from = '2026-01-05T08:00:00.000Z';
    const gone = { ...job('W2', { from, load: 2 }), until: '2026-01-05T10:00:00.000Z' };
    test('not while another order had it', () => {
      late('09:00', { left: [gone] }).rejects('equipment-occupied');
      late('07:59', { left: [gone] }).then(...began);
      late('10:00', { left: [gone] }).then(...began);
      late('09:00', { left: [{ ...gone, workOrderId }] }).then(...began);
      late('09:00', { capacityMode: 'Cumulative', maxConcurrent: 4, left: [gone] }).then(...began);
      late('09:00', { capacityMode: 'Cumulative', maxConcurrent: 3, left: [gone] }).rejects('equipment-occupied');
      late('09:00', { capacityMode: 'Infinite', maxConcurrent: null, left: [gone] }).then(...began);
    });
    test('before another order got it', () => {
      late('07:00', { jobs: [job('W2', { from })] }).then(...began);
      late('09:00', { jobs: [job('W2', { from })] }).rejects('equipment-occupied');
    });
    test('and the clocks of two terminals may differ a little', () => {
      late('07:55', { jobs: [job('W2', { from })] }).rejects('equipment-occupied');
      late('09:55', { left: [gone] }).then(...began);
    });
  });
  test('looked at as it is now, whether the command or the plan names it', () => {
    const state = [released, allowed].reduce(workOrder.evolve, workOrder.initial);
    const now = { now: true };
    expect(workOrder.regards!('StartWorkOrder', { workOrderId }, state)).toContainEqual({ stream: 'equipment-haifa.M4', ...now });
    expect(workOrder.regards!('StartOperation', { workOrderId, operationId: '20', equipmentId: 'haifa.M5' }, state)).toContainEqual({
      stream: 'equipment-haifa.M5',
      ...now,
    });
  });
});

describe('reports on a machine', () => {
  const second = { ...report, reportId: 'r2', person: 'ben', good: '5' };
  const on = (told: object, ...past: WorkOrderEvent[]) => {
    const found = workOrder.decide
      .ReportProduction(second, [...running, ...past].reduce(workOrder.evolve, workOrder.initial), {
        actor: 'ann',
        role: 'operator',
        commandId: 'c',
        digestOf,
        ...soon,
        ...told,
      })
      .map(({ type }) => type);
    expect(found[0]).toBe('ProductionReported');
    return found.slice(1);
  };
  const first = reported({ person: 'ann' });
  test('overlap only beyond its capacity', () => {
    expect(on({}, first)).toEqual(['OverlapDetected']);
    expect(on(machine({ jobs: [job('WO1')] }), first)).toEqual(['OverlapDetected']);
    expect(on(machine({ capacityMode: 'Cumulative', maxConcurrent: 2 }), first)).toEqual([]);
    expect(on(machine({ capacityMode: 'Infinite', maxConcurrent: null }), first)).toEqual([]);
    const third = reported({ reportId: 'r3', person: 'carl' });
    expect(on(machine({ capacityMode: 'Cumulative', maxConcurrent: 2 }), first, third)).toEqual(['OverlapDetected']);
    const later = reported({ reportId: 'r3', from: '2026-01-05T06:50:00Z', to: '2026-01-05T07:30:00Z' });
    const earlier = reported({ person: 'ann', to: '2026-01-05T06:40:00Z' });
    expect(on(machine({ capacityMode: 'Cumulative', maxConcurrent: 2 }), earlier, later)).toEqual([]);
  });
  test('are flagged where another order had the machine at that time', () => {
    expect(on(machine({ jobs: [job('W2')] }))).toEqual(['MachineOccupiedDetected']);
    expect(on(machine({ jobs: [job('W2', { from: '2026-01-05T07:00:00.000Z' })] }))).toEqual([]);
    const before = { ...job('W2', { from: '2026-01-05T05:00:00.000Z' }), until: '2026-01-05T06:30:00.000Z' };
    expect(on(machine({ left: [before] }))).toEqual(['MachineOccupiedDetected']);
    expect(on(machine({ left: [{ ...before, until: '2026-01-05T06:10:00.000Z' }] }))).toEqual([]);
    expect(on(machine({ jobs: [job('WO1')], left: [before] }))).toEqual([]);
    expect(on(machine({ capacityMode: 'Cumulative', maxConcurrent: 2, jobs: [job('W2')] }))).toEqual([]);
  });
  test('observed are never refused, and flagged in the same way', () => {
    const types = workOrder.decide
      .ObserveProduction({ ...second, kind: 'Production' } as never, [released].reduce(workOrder.evolve, workOrder.initial), {
        actor: 'm4',
        role: 'device',
        commandId: 'c',
        digestOf,
        ...soon,
        ...machine({ jobs: [job('W2')] }),
      })
      .map(({ type }) => type);
    expect(types).toEqual(['ProductionObserved', 'ReportBeforeStartDetected', 'MachineOccupiedDetected']);
  });
});
