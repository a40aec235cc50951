import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { equipment } from './equipment';
import type { EquipmentEvent } from './equipment.events';
import { assigned, at, equipmentId, inState, later, observed, registered } from './equipment-pasts';
import { equipmentStop } from './equipment-stop.view';

const job = (local: string) => ({ equipmentId, workOrderId: `haifa.${local}` });
const begun = (local: string, more: object = {}): EquipmentEvent => ({
  type: 'EquipmentAssigned',
  data: { ...job(local), load: 1, batchKey: null, at: at(5), stateSince: at(0), byStart: true, ...more },
});
const left = (local: string, minute: number): EquipmentEvent => ({ type: 'EquipmentUnassigned', data: { ...job(local), at: at(minute) } });
const stopped = (workOrderIds: readonly string[], more: object = {}): EquipmentEvent => ({
  type: 'StopOpened',
  data: { equipmentId, stopId: 'S1', cause: 'Hold', at: at(5), workOrderIds, ...more },
});

describe('work that begins on a machine', () => {
  test('takes it', () => {
    given(equipment, ...inState('Execute'))
      .when('RecordJobBegun', job('W1'), later)
      .then(begun('W1'));
    given(equipment, ...inState('Execute'), begun('W1'))
      .when('RecordJobBegun', job('W1'), later)
      .changesNothing();
  });
  test('is recorded beyond the capacity, too, and flagged', () => {
    given(equipment, ...inState('Execute'), assigned('W1'))
      .when('RecordJobBegun', job('W2'), later)
      .then(begun('W2'), {
        type: 'CapacityExceededObserved',
        data: { ...job('W2'), code: 'equipment-occupied', others: ['haifa.W1'], at: at(5) },
      });
  });
  test('is not flagged where there is room', () => {
    const bench = registered({ state: 'Execute', since: at(0), capacityMode: 'Cumulative', maxConcurrent: 2 });
    given(equipment, bench, assigned('W1')).when('RecordJobBegun', job('W2'), later).then(begun('W2'));
  });
  test('leaves a machine that is not registered alone', () => {
    given(equipment).when('RecordJobBegun', job('W1'), later).changesNothing();
    given(equipment).when('RecordJobEnded', job('W1'), later).changesNothing();
  });
  test('gives it free when it ends', () => {
    given(equipment, ...inState('Execute'), begun('W1'))
      .when('RecordJobEnded', job('W1'), later)
      .then(left('W1', 5));
    given(equipment, ...inState('Execute'))
      .when('RecordJobEnded', job('W1'), later)
      .changesNothing();
  });
});

describe('a stop names the orders that it interrupts', () => {
  test('those that have the machine then', () => {
    given(equipment, ...inState('Execute'), begun('W1', { at: at(1) }))
      .when('HoldEquipment', { equipmentId }, later)
      .then(expect.objectContaining({ type: 'EquipmentStateChanged' }) as never, stopped(['haifa.W1']));
  });
  test('not one that left before, nor one that came later', () => {
    const machine = [...inState('Execute'), begun('W1', { at: at(1) }), left('W1', 3), begun('W2', { at: at(4) })];
    given(equipment, ...machine, left('W2', 7), begun('W3', { at: at(8) }), observed('Execute', 'Execute', { at: at(8), claimedAt: at(8) }))
      .when('ObserveEquipmentState', { equipmentId, state: 'Holding' }, { now: at(10), occurredAt: at(9) })
      .then(expect.anything() as never, stopped(['haifa.W3'], { at: at(9) }));
  });
  test('where the stop comes to light late, those that had the machine in that time', () => {
    const machine = [
      registered(),
      observed('Execute', 'Execute', { at: at(0), claimedAt: at(0) }),
      begun('W1', { at: at(1) }),
      left('W1', 7),
    ];
    const running = observed('Complete', 'Complete', { at: at(8), claimedAt: at(8) });
    given(equipment, ...machine, running)
      .when('ObserveEquipmentState', { equipmentId, state: 'Held' }, { now: at(10), occurredAt: at(5) })
      .then(expect.anything() as never, expect.anything() as never, stopped(['haifa.W1'], { closedAt: at(8) }));
  });
  test('where the start of the order comes to light late, the order joins the stop; where its end does, it leaves', () => {
    const stop = stopped([]);
    given(equipment, ...inState('Execute'), stop)
      .when('RecordJobBegun', job('W1'), { now: at(9), occurredAt: at(2) })
      .then(begun('W1', { at: at(2), stopIds: ['S1'] }));
    given(equipment, ...inState('Execute'), stop)
      .when('RecordJobBegun', job('W1'), { now: at(9), occurredAt: at(7) })
      .then(begun('W1', { at: at(7) }));
    const stream = `equipment-${equipmentId}`;
    const rowAfter = (...events: EquipmentEvent[]) => folded(equipmentStop, [stream, events])[`${equipmentId}/S1`];
    const joined = begun('W1', { at: at(2), stopIds: ['S1'] });
    expect(rowAfter(stop, joined)).toMatchObject({ workOrderIds: ['haifa.W1'] });
    const gone: EquipmentEvent = { type: 'EquipmentUnassigned', data: { ...job('W1'), at: at(4), stopIds: ['S1'] } };
    expect(rowAfter(stop, joined, gone)).toMatchObject({ workOrderIds: [] });
    given(equipment, ...inState('Execute'), begun('W1', { at: at(1) }), stopped(['haifa.W1']))
      .when('RecordJobEnded', job('W1'), { now: at(9), occurredAt: at(4) })
      .then(gone);
  });
});
