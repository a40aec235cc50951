import { digestOf } from '#platform/commands/digest';
import * as fc from 'fast-check';
import { folded } from '#platform/testing/folded';
import { equipment } from './equipment';
import { currentSince } from './machine';
import { equipmentException } from './equipment-exception.view';
import { equipmentNow } from './equipment-now.view';
import { equipmentStop } from './equipment-stop.view';
import { equipmentTimeline } from './equipment-timeline.view';
import { type EquipmentEvent, PackmlInput, PackmlState, SignalQuality } from './equipment.events';
import { at, equipmentId, register, run, shift } from './equipment-pasts';

const stream = 'equipment-haifa.M4';

describe('equipment now', () => {
  test('shows state, since when, jobs and the open stop', () => {
    const events = shift(...run, ['AssignEquipment', { workOrderId: 'haifa.W1' }], ['AbortEquipment']);
    expect(folded(equipmentNow, [stream, events])[equipmentId]).toMatchObject({
      registered: true,
      name: 'Machine 4',
      state: 'Aborting',
      since: at(6),
      mode: 1,
      workOrderIds: ['haifa.W1'],
      openStopId: 'S1',
      facilityId: 'haifa',
      quality: null,
    });
  });
  test('is Unknown while the signal is lost', () => {
    const events = shift(...run, ['ObserveEquipmentState', { state: 'Execute', quality: 'STALE' }]);
    expect(folded(equipmentNow, [stream, events])[equipmentId]).toMatchObject({
      state: 'Unknown',
      since: at(5),
      quality: 'STALE',
      observedAt: at(5),
    });
  });
  test('shows a machine that is not registered', () => {
    const events = shift(['ObserveEquipmentState', { state: 'Execute' }]);
    expect(folded(equipmentNow, [stream, events])[equipmentId]).toMatchObject({
      registered: false,
      name: null,
      state: 'Execute',
      since: at(0),
    });
  });
  test('keeps its state when a late observation arrives', () => {
    const events = shift(
      ...run,
      ['ObserveEquipmentState', { state: 'Held' }, 9],
      ['ObserveEquipmentState', { state: 'Idle', quality: 'BAD' }, 7],
    );
    expect(folded(equipmentNow, [stream, events])[equipmentId]).toMatchObject({ state: 'Held', since: at(9), quality: 'GOOD' });
  });
  test('has a beginning once an observation confirms the assumed state', () => {
    const events = shift(register, ['ObserveEquipmentState', { state: 'Stopped' }, 3]);
    expect(folded(equipmentNow, [stream, events])[equipmentId]).toMatchObject({ state: 'Stopped', since: at(3) });
    expect(Object.keys(folded(equipmentTimeline, [stream, events]))).toEqual([`${equipmentId}/${at(3)}`]);
  });
  test('stays Unknown when a reliable reading of an earlier time arrives late', () => {
    const events = shift(
      ...run,
      ['ObserveEquipmentState', { state: 'Held', quality: 'STALE' }, 9],
      ['ObserveEquipmentState', { state: 'Holding' }, 7],
    );
    expect(folded(equipmentNow, [stream, events])[equipmentId]).toMatchObject({
      state: 'Unknown',
      since: at(9),
      quality: 'STALE',
      observedAt: at(9),
    });
  });
  test('follows mode, place and unassigned jobs', () => {
    const events = shift(
      register,
      ['SetEquipmentMode', { mode: 2 }],
      ['MoveEquipment', { elementId: 'haifa.annex' }],
      ['AssignEquipment', { workOrderId: 'haifa.W1' }],
      ['UnassignEquipment', { workOrderId: 'haifa.W1' }],
    );
    expect(folded(equipmentNow, [stream, events])[equipmentId]).toMatchObject({
      mode: 2,
      elementId: 'haifa.annex',
      workOrderIds: [],
      state: 'Stopped',
      since: null,
    });
  });
});

describe('the time line', () => {
  const intervals = (events: EquipmentEvent[]) =>
    Object.values(folded(equipmentTimeline, [stream, events])).map(({ state, startedAt, endedAt, stopId }) => [
      state,
      startedAt,
      endedAt,
      stopId,
    ]);
  /** State, beginning and end of the intervals, in the order of time. */
  const inOrder = (events: EquipmentEvent[]) =>
    intervals(events)
      .map(([state, startedAt, endedAt]) => [state, startedAt, endedAt])
      .sort(([, a], [, b]) => (a! < b! ? -1 : 1));
  test('is a gapless row of intervals', () => {
    expect(intervals(shift(...run, ['HoldEquipment'], ['ReportStateComplete'], ['UnholdEquipment'], ['ReportStateComplete']))).toEqual([
      ['Resetting', at(1), at(2), null],
      ['Idle', at(2), at(3), null],
      ['Starting', at(3), at(4), null],
      ['Execute', at(4), at(5), null],
      ['Holding', at(5), at(6), 'S1'],
      ['Held', at(6), at(7), 'S1'],
      ['Unholding', at(7), at(8), 'S1'],
      ['Execute', at(8), null, null],
    ]);
  });
  test('leaves out a state without duration', () => {
    expect(intervals(shift(...run, ['StopEquipment', {}, 5], ['ReportStateComplete', {}, 5]))).toContainEqual([
      'Stopped',
      at(5),
      null,
      'S1',
    ]);
    expect(intervals(shift(...run, ['StopEquipment', {}, 5], ['ReportStateComplete', {}, 5])).map(([state]) => state)).not.toContain(
      'Stopping',
    );
  });
  test('ignores a late observation that adds nothing', () =>
    expect(intervals(shift(...run, ['ObserveEquipmentState', { state: 'Idle' }, 2]))).toHaveLength(4));
  test('ends a state when the signal is lost, and is Unknown until it is back', () => {
    const events = shift(
      register,
      ['ObserveEquipmentState', { state: 'Execute' }, 0],
      ['ObserveEquipmentState', { state: 'UNAVAILABLE', quality: 'STALE' }, 1],
      ['ObserveEquipmentState', { state: 'UNAVAILABLE', quality: 'STALE' }, 2],
      ['ObserveEquipmentState', { state: 'Execute' }, 30],
    );
    expect(intervals(events).map(([state, startedAt, endedAt]) => [state, startedAt, endedAt])).toEqual([
      ['Execute', at(0), at(1)],
      ['Unknown', at(1), at(30)],
      ['Execute', at(30), null],
    ]);
  });
  test('inserts a late state at its time, and the stop begins with it', () => {
    const events = shift(
      register,
      ['ObserveEquipmentState', { state: 'Execute' }, 0],
      ['ObserveEquipmentState', { state: 'Held' }, 10],
      ['ObserveEquipmentState', { state: 'Stopped' }, 5],
    );
    expect(inOrder(events)).toEqual([
      ['Execute', at(0), at(5)],
      ['Stopped', at(5), at(10)],
      ['Held', at(10), null],
    ]);
    expect(folded(equipmentStop, [stream, events])).toMatchObject({ [`${equipmentId}/S1`]: { startedAt: at(5), endedAt: null } });
    // As of 10:07 floor time, the later observation is not yet known.
    const asOf = events.filter(({ data }) => !('at' in data) || data.at <= at(7)).reduce(equipment.evolve, equipment.initial);
    expect(asOf).toMatchObject({ state: 'Stopped', since: at(5) });
  });
  test('inserts a late state before the first one that was known', () => {
    const events = shift(
      register,
      ['ObserveEquipmentState', { state: 'Execute' }, 10],
      ['ObserveEquipmentState', { state: 'Held' }, 5],
      ['ObserveEquipmentState', { state: 'Execute' }, 0],
    );
    expect(inOrder(events)).toEqual([
      ['Execute', at(0), at(5)],
      ['Held', at(5), at(10)],
      ['Execute', at(10), null],
    ]);
    expect(folded(equipmentStop, [stream, events])).toMatchObject({ [`${equipmentId}/S1`]: { startedAt: at(5), endedAt: at(10) } });
  });
  test.each([
    ['a stop within production', ['Execute', 'Idle'], 'Held', [[5, 10]]],
    [
      'production within a stop',
      ['Held', 'Stopped'],
      'Execute',
      [
        [0, 5],
        [10, null],
      ],
    ],
    ['production at the end of a stop', ['Held', 'Execute'], 'Starting', [[0, 5]]],
    ['another state of a stop', ['Held', 'Stopped'], 'Aborted', [[0, null]]],
  ] as const)('shows %s when it becomes known late', (_, [before, after], late, wanted) => {
    const events = shift(
      register,
      ['ObserveEquipmentState', { state: before }, 0],
      ['ObserveEquipmentState', { state: after }, 10],
      ['ObserveEquipmentState', { state: late }, 5],
    );
    const stops = Object.values(folded(equipmentStop, [stream, events])).sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
    expect(stops.map(({ startedAt, endedAt }) => [startedAt, endedAt])).toEqual(
      wanted.map(([from, to]) => [at(from), to === null ? null : at(to)]),
    );
  });
  test('marks transitions that PackML does not allow, and names the work orders of the interval', () => {
    const events = shift(...run, ['AssignEquipment', { workOrderId: 'haifa.W1' }], ['ObserveEquipmentState', { state: 'Idle' }, 9]);
    const rows = folded(equipmentTimeline, [stream, events]);
    expect(rows[`${equipmentId}/${at(4)}`]).toMatchObject({ state: 'Execute', workOrderIds: ['haifa.W1'], source: 'Command', legal: true });
    expect(rows[`${equipmentId}/${at(9)}`]).toMatchObject({
      state: 'Idle',
      workOrderIds: ['haifa.W1'],
      source: 'Observation',
      legal: false,
    });
  });
  test('never overlaps, and all views agree with the decider, for any commands and observations', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constantFrom(...Object.values(PackmlInput)), minute: fc.integer({ min: 0, max: 59 }) }),
      fc.record({
        state: fc.constantFrom(...Object.values(PackmlState), 'nonsense'),
        quality: fc.constantFrom(...Object.values(SignalQuality)),
        minute: fc.integer({ min: 0, max: 59 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const events: EquipmentEvent[] = shift(register);
        let machine = events.reduce(equipment.evolve, equipment.initial);
        for (const each of steps) {
          const context = { now: at(59), occurredAt: at(each.minute), actor: 'a', role: 'operator', commandId: 'c', digestOf };
          try {
            const more =
              'state' in each
                ? equipment.decide.ObserveEquipmentState({ equipmentId, state: each.state, quality: each.quality }, machine, context)
                : equipment.decide[each.type === 'StateComplete' ? 'ReportStateComplete' : (`${each.type}Equipment` as const)](
                    { equipmentId },
                    machine,
                    context,
                  );
            machine = more.reduce(equipment.evolve, machine);
            events.push(...more);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Rejected' });
          }
        }
        const since = currentSince(machine);
        const state = machine.lostSince === null ? machine.state : 'Unknown';
        expect(folded(equipmentNow, [stream, events])[equipmentId]).toMatchObject({ state, since });
        for (const view of [equipmentTimeline, equipmentStop]) {
          const rows = Object.values(folded(view as typeof equipmentTimeline, [stream, events])).sort((a, b) =>
            a.startedAt < b.startedAt ? -1 : 1,
          );
          rows.forEach(({ endedAt, startedAt }, index) => {
            if (endedAt !== null) expect(endedAt >= startedAt).toBe(true);
            const next = rows[index + 1];
            if (next) expect(endedAt !== null && endedAt <= next.startedAt).toBe(true);
            else if (view === (equipmentTimeline as unknown)) expect([endedAt, rows[index]!.state]).toEqual([null, state]);
          });
        }
      }),
    );
  });
});

describe('stops', () => {
  test('open, close and are classified', () => {
    const events = shift(
      ...run,
      ['SuspendEquipment'],
      ['ClassifyStop', { stopId: 'S1', reasonCode: 'starved', lossClass: 'Starved' }],
      ['ReportStateComplete'],
      ['UnsuspendEquipment'],
      ['ReportStateComplete'],
      ['AbortEquipment'],
    );
    expect(folded(equipmentStop, [stream, events])).toMatchObject({
      'haifa.M4/S1': {
        cause: 'Suspend',
        startedAt: at(5),
        endedAt: at(9),
        reasonCode: 'starved',
        lossClass: 'Starved',
        classifiedBy: 'ann',
      },
      'haifa.M4/S2': { cause: 'Abort', startedAt: at(10), endedAt: null, reasonCode: null },
    });
  });
});

describe('exceptions', () => {
  test('say what is implausible', () => {
    const events = shift(
      ['ObserveEquipmentState', { state: 'Execute' }],
      register,
      ['ObserveEquipmentState', { state: 'Idle' }],
      ['ObserveEquipmentState', { state: 'Held' }, 1],
      ['ObserveEquipmentState', { state: 'completeing' }],
    );
    expect(Object.values(folded(equipmentException, [stream, events])).map(({ kind }) => kind)).toEqual([
      'UnregisteredEquipmentObserved',
      'IllegalTransitionObserved',
      'LateStateObserved',
      'UnknownStateObserved',
    ]);
  });
});

test('a machine whose signal was lost before it was registered stays unknown', () => {
  const events = shift(
    ['ObserveEquipmentState', { state: 'Execute' }, 0],
    ['ObserveEquipmentState', { state: 'UNAVAILABLE', quality: 'STALE' }, 1],
    register,
  );
  expect(folded(equipmentNow, ['equipment-haifa.M4', events])[equipmentId]).toMatchObject({
    registered: true,
    state: 'Unknown',
    since: at(1),
  });
});
