import { digestOf } from '#platform/commands/digest';
import * as fc from 'fast-check';
import { given } from '#platform/testing/given';
import { equipment } from './equipment';
import { type EquipmentEvent, PackmlInput, type PackmlState, PackmlState as States } from './equipment.events';
import {
  equipmentId,
  at,
  modes,
  registered,
  registration,
  changed,
  inState,
  assigned,
  opened,
  classified,
  commandOf,
  observed,
  later,
} from './equipment-pasts';

describe('equipment that is not registered', () => {
  test('is registered, assumed to be Stopped', () => {
    given(equipment).when('RegisterEquipment', registration).then(registered());
  });
  test('starts in the state that was observed before', () => {
    given(equipment, observed('Execute', 'Execute', { from: null, since: null, legal: null }))
      .when('RegisterEquipment', registration)
      .then(registered({ state: 'Execute', since: at(5) }));
  });
  test('must be placed in its own plant', () => {
    given(equipment)
      .when('RegisterEquipment', { ...registration, elementId: 'lyon.cell' })
      .rejects('wrong-facility');
  });
  test('needs a consistent capacity', () => {
    given(equipment)
      .when('RegisterEquipment', { ...registration, maxConcurrent: 2 })
      .rejects('capacity-inconsistent');
    given(equipment)
      .when('RegisterEquipment', { ...registration, capacityMode: 'Batch' })
      .rejects('capacity-missing');
    given(equipment)
      .when('RegisterEquipment', { ...registration, capacityMode: 'Cumulative', maxConcurrent: 10 })
      .then(registered({ capacityMode: 'Cumulative', maxConcurrent: 10 }));
    given(equipment)
      .when('RegisterEquipment', { ...registration, capacityMode: 'Infinite' })
      .then(registered({ capacityMode: 'Infinite', maxConcurrent: null }));
  });
  test('needs modes that are unique and have the mandatory states', () => {
    const mode = (number: number, ...disabledStates: PackmlState[]) => ({ mode: number, name: 'x', disabledStates });
    given(equipment)
      .when('RegisterEquipment', { ...registration, modes: [mode(1), mode(1)] })
      .rejects('mode-repeated');
    for (const state of ['Stopped', 'Idle', 'Execute', 'Aborted'] as const)
      given(equipment)
        .when('RegisterEquipment', { ...registration, modes: [mode(1, state)] })
        .rejects('state-mandatory');
  });
  test('refuses every command', () => {
    for (const input of Object.values(PackmlInput)) given(equipment).when(commandOf(input), { equipmentId }).rejects('equipment-unknown');
    given(equipment).when('AssignEquipment', { equipmentId, workOrderId: 'haifa.W1' }).rejects('equipment-unknown');
    given(equipment).when('ClassifyStop', { equipmentId, stopId: 'S1', reasonCode: 'x', lossClass: 'Other' }).rejects('equipment-unknown');
  });
  test('can be observed, which is flagged', () => {
    given(equipment)
      .when('ObserveEquipmentState', { equipmentId, state: 'Execute' }, later)
      .then(observed('Execute', 'Execute', { from: null, since: null, legal: null }), {
        type: 'UnregisteredEquipmentObserved',
        data: { equipmentId, reported: 'Execute', at: at(5) },
      });
  });
});

describe('registered equipment', () => {
  test('is registered once', () => {
    given(equipment, registered()).when('RegisterEquipment', registration).changesNothing();
    given(equipment, registered())
      .when('RegisterEquipment', { ...registration, name: 'Other' })
      .rejects('equipment-already-registered');
  });
  test('moves within its plant', () => {
    given(equipment, registered())
      .when('MoveEquipment', { equipmentId, elementId: 'haifa.annex' })
      .then({ type: 'EquipmentMoved', data: { equipmentId, fromElementId: 'haifa.cell', toElementId: 'haifa.annex' } });
    given(equipment, registered()).when('MoveEquipment', { equipmentId, elementId: 'haifa.cell' }).changesNothing();
    given(equipment, registered()).when('MoveEquipment', { equipmentId, elementId: 'lyon.cell' }).rejects('wrong-facility');
  });
  test('accepts 49 of the 187 pairs of state and command, and refuses the others', () => {
    const legal = {
      StateComplete: 10,
      Abort: 15,
      Stop: 12,
      Reset: 2,
      Start: 1,
      Hold: 2,
      Unhold: 1,
      Suspend: 1,
      Unsuspend: 1,
      Clear: 1,
      Complete: 3,
    };
    const taken: Record<string, number> = {};
    for (const state of Object.values(States))
      for (const input of Object.values(PackmlInput)) {
        const machine = inState(state).reduce(equipment.evolve, equipment.initial);
        try {
          const [event] = equipment.decide[commandOf(input)]({ equipmentId }, machine, {
            ...later,
            actor: 'ann',
            role: 'operator',
            commandId: 'c',
            digestOf,
          });
          expect(event).toMatchObject({ type: 'EquipmentStateChanged', data: { from: state, input } });
          taken[input] = (taken[input] ?? 0) + 1;
        } catch (error) {
          expect(error).toMatchObject({ code: 'transition-not-allowed', facts: { state, input } });
        }
      }
    expect(taken).toEqual(legal);
  });
  test('of the 2015 edition completes Execute by itself and has no Complete command', () => {
    const old = registered({ profile: 'PACKML_2015', state: 'Execute', since: at(0) });
    given(equipment, old).when('CompleteEquipment', { equipmentId }, later).rejects('transition-not-allowed');
    given(equipment, old)
      .when('ReportStateComplete', { equipmentId }, later)
      .then(changed('Execute', 'Completing', 'StateComplete', { profile: 'PACKML_2015', since: at(0), at: at(5) }));
  });
  test('is not completed by a late report of another state', () => {
    given(equipment, ...inState('Stopping', opened('S1')))
      .when('ReportStateComplete', { equipmentId, state: 'Starting' }, later)
      .rejects('state-not-current');
    given(equipment, ...inState('Stopping', opened('S1')))
      .when('ReportStateComplete', { equipmentId, state: 'Stopping' }, later)
      .then(changed('Stopping', 'Stopped', 'StateComplete', { since: at(0), at: at(5) }));
  });
  test('skips the states that its mode disables', () => {
    const lean = [{ mode: 1, name: 'Production', disabledStates: ['Stopping' as const, 'Holding' as const, 'Held' as const] }];
    const machine = registered({ modes: lean, state: 'Execute', since: at(0) });
    given(equipment, machine).when('HoldEquipment', { equipmentId }, later).rejects('transition-not-allowed');
    given(equipment, machine)
      .when('StopEquipment', { equipmentId }, later)
      .then(changed('Execute', 'Stopped', 'Stop', { since: at(0), at: at(5) }), {
        type: 'StopOpened',
        data: { equipmentId, stopId: 'S1', cause: 'Stop', at: at(5), workOrderIds: [] },
      });
  });
  test('names the work orders that a state change affects', () => {
    given(equipment, ...inState('Execute', assigned('W1')))
      .when('AbortEquipment', { equipmentId }, later)
      .then(changed('Execute', 'Aborting', 'Abort', { since: at(0), at: at(5), workOrderIds: ['haifa.W1'] }), {
        type: 'StopOpened',
        data: { equipmentId, stopId: 'S1', cause: 'Abort', at: at(5), workOrderIds: ['haifa.W1'] },
      });
  });
  test('refuses a command with a floor time before its state; one without a floor time is accepted', () => {
    const machine = inState('Execute', observed('Held', 'Held'), opened('S1'));
    given(equipment, ...machine)
      .when('UnholdEquipment', { equipmentId }, { now: at(9), occurredAt: at(4) })
      .rejects('earlier-than-known-state');
    given(equipment, ...machine)
      .when('UnholdEquipment', { equipmentId }, { now: at(4), occurredAt: at(4) })
      .then(changed('Held', 'Unholding', 'Unhold', { since: at(5), at: at(5) }));
  });
  test('changes its mode in the allowed states, to a mode that it has', () => {
    given(equipment, ...inState('Idle'))
      .when('SetEquipmentMode', { equipmentId, mode: 2 }, later)
      .then({ type: 'EquipmentModeSet', data: { equipmentId, from: 1, to: 2, at: at(5) } });
    given(equipment, ...inState('Idle'))
      .when('SetEquipmentMode', { equipmentId, mode: 1 })
      .changesNothing();
    given(equipment, ...inState('Idle'))
      .when('SetEquipmentMode', { equipmentId, mode: 9 })
      .rejects('no-such-mode');
    const allowed = Object.values(States).filter((state) => {
      const machine = inState(state).reduce(equipment.evolve, equipment.initial);
      try {
        return (
          equipment.decide.SetEquipmentMode({ equipmentId, mode: 2 }, machine, {
            ...later,
            actor: 'a',
            role: 'operator',
            commandId: 'c',
            digestOf,
          }).length > 0
        );
      } catch {
        return false;
      }
    });
    expect(allowed.sort()).toEqual(['Aborted', 'Idle', 'Stopped']);
    const manual = { mode: 3, name: 'Manual', disabledStates: ['Complete' as const] };
    const machine = registered({ modes: [modes[0]!, manual], modeChangeStates: ['Complete'], state: 'Complete' });
    given(equipment, machine).when('SetEquipmentMode', { equipmentId, mode: 3 }).rejects('state-not-in-mode');
  });
});

describe('the capacity of equipment (I4)', () => {
  const assign = (local: string, more: object = {}) => ({ equipmentId, workOrderId: `haifa.${local}`, ...more });
  test('unary: one job', () => {
    given(equipment, ...inState('Idle'))
      .when('AssignEquipment', assign('W1'), { occurredAt: at(0) })
      .then(assigned('W1'));
    given(equipment, ...inState('Idle', assigned('W1')))
      .when('AssignEquipment', assign('W1'))
      .changesNothing();
    given(equipment, ...inState('Idle', assigned('W1')))
      .when('AssignEquipment', assign('W2'))
      .rejects('equipment-occupied');
  });
  test('cumulative: loads up to the capacity', () => {
    const oven = registered({ capacityMode: 'Cumulative', maxConcurrent: 10, since: at(0) });
    given(equipment, oven, assigned('W1', 6))
      .when('AssignEquipment', assign('W2', { load: 4 }), { occurredAt: at(0) })
      .then(assigned('W2', 4));
    given(equipment, oven, assigned('W1', 6))
      .when('AssignEquipment', assign('W2', { load: 5 }))
      .rejects('capacity-exceeded');
    given(equipment, oven, assigned('W1', 6))
      .when('AssignEquipment', assign('W1', { load: 5 }))
      .rejects('job-already-assigned');
  });
  test('batch: jobs of one kind up to a number', () => {
    const furnace = registered({ capacityMode: 'Batch', maxConcurrent: 2, since: at(0) });
    given(equipment, furnace).when('AssignEquipment', assign('W1')).rejects('batch-key-missing');
    given(equipment, furnace, assigned('W1', 1, 'A'))
      .when('AssignEquipment', assign('W2', { batchKey: 'A' }), { occurredAt: at(0) })
      .then(assigned('W2', 1, 'A'));
    given(equipment, furnace, assigned('W1', 1, 'A'))
      .when('AssignEquipment', assign('W2', { batchKey: 'B' }))
      .rejects('batch-incompatible');
    given(equipment, furnace, assigned('W1', 1, 'A'), assigned('W2', 1, 'A'))
      .when('AssignEquipment', assign('W3', { batchKey: 'A' }))
      .rejects('capacity-exceeded');
  });
  test('infinite: any number', () => {
    const bench = registered({ capacityMode: 'Infinite', maxConcurrent: null, since: at(0) });
    const many = Array.from({ length: 50 }, (_, index) => assigned(`W${index}`));
    given(equipment, bench, ...many)
      .when('AssignEquipment', assign('W99'), { occurredAt: at(0) })
      .then(assigned('W99'));
  });
  test('is unassigned once', () => {
    given(equipment, ...inState('Idle', assigned('W1')))
      .when('UnassignEquipment', assign('W1'), { occurredAt: at(1) })
      .then({ type: 'EquipmentUnassigned', data: { equipmentId, workOrderId: 'haifa.W1', at: at(1) } });
    given(equipment, ...inState('Idle'))
      .when('UnassignEquipment', assign('W1'))
      .changesNothing();
  });
  test('refuses work orders of another plant', () => {
    given(equipment, registered()).when('AssignEquipment', { equipmentId, workOrderId: 'lyon.W1' }).rejects('wrong-facility');
  });
});

describe('stops (I8)', () => {
  test('one is open at a time, through all states in which the machine does not produce', () => {
    given(equipment, ...inState('Stopping', opened('S1')))
      .when('AbortEquipment', { equipmentId }, later)
      .then(changed('Stopping', 'Aborting', 'Abort', { since: at(0), at: at(5) }));
    given(equipment, ...inState('Stopped', opened('S1')))
      .when('ResetEquipment', { equipmentId }, later)
      .then(changed('Stopped', 'Resetting', 'Reset', { since: at(0), at: at(5) }), {
        type: 'StopClosed',
        data: { equipmentId, stopId: 'S1', openedAt: at(0), at: at(5) },
      });
  });
  const stop = (reasonCode: string, expectedPrevious?: string) => ({
    equipmentId,
    stopId: 'S1',
    reasonCode,
    lossClass: 'Breakdown' as const,
    expectedPrevious,
  });
  test('are classified, open or closed, and reclassified by who saw the last classification', () => {
    given(equipment, ...inState('Stopped', opened('S1')))
      .when('ClassifyStop', stop('belt'))
      .then(classified('belt'));
    given(equipment, ...inState('Stopped', opened('S1'), classified('belt')))
      .when('ClassifyStop', stop('motor', 'belt'))
      .then({
        type: 'StopClassified',
        data: {
          equipmentId,
          stopId: 'S1',
          reasonCode: 'motor',
          lossClass: 'Breakdown',
          previousReasonCode: 'belt',
          previousLossClass: 'Breakdown',
        },
      });
  });
  test('are never overwritten silently by a second supervisor', () => {
    given(equipment, ...inState('Stopped', opened('S1'), classified('belt')))
      .when('ClassifyStop', stop('motor'))
      .rejects('stop-classified-otherwise');
    given(equipment, ...inState('Stopped', opened('S1'), classified('belt')))
      .when('ClassifyStop', stop('belt'))
      .changesNothing();
    given(equipment, ...inState('Stopped'))
      .when('ClassifyStop', stop('belt'))
      .rejects('no-such-stop');
  });
  test('can be classified after any number of later stops', () => {
    const many = Array.from({ length: 700 }, (_, index): EquipmentEvent[] => [
      { type: 'StopOpened', data: { equipmentId, stopId: `S${index + 1}`, cause: 'Hold', at: at(1), workOrderIds: [] } },
      { type: 'StopClosed', data: { equipmentId, stopId: `S${index + 1}`, openedAt: at(1), at: at(2) } },
    ]).flat();
    const ask = { equipmentId, reasonCode: 'jam', lossClass: 'MinorStop' as const };
    for (const stopId of ['S1', 'S256', 'S257', 'S700'])
      given(equipment, ...inState('Execute', ...many))
        .when('ClassifyStop', { ...ask, stopId })
        .then({ type: 'StopClassified', data: { ...ask, stopId, previousReasonCode: null, previousLossClass: null } });
    given(equipment, ...inState('Execute', ...many))
      .when('ClassifyStop', { ...ask, stopId: 'S701' })
      .rejects('no-such-stop');
  });
});

describe('any sequence of equipment commands', () => {
  const order = fc.constantFrom('haifa.W1', 'haifa.W2');
  const of = (type: string, fields: Record<string, fc.Arbitrary<unknown>> = {}) =>
    fc.record({ equipmentId: fc.constant(equipmentId), ...fields }).map((data) => ({ type, data }));
  const step = fc.oneof(
    ...Object.values(PackmlInput).map((input) =>
      of(commandOf(input), input === 'StateComplete' ? { state: fc.constantFrom(...Object.values(States)) } : {}),
    ),
    of('SetEquipmentMode', { mode: fc.integer({ min: 1, max: 4 }) }),
    of('AssignEquipment', { workOrderId: order, load: fc.integer({ min: 1, max: 6 }) }),
    of('UnassignEquipment', { workOrderId: order }),
    of('ClassifyStop', { stopId: fc.constantFrom('S1', 'S2'), reasonCode: fc.constantFrom('a', 'b'), lossClass: fc.constant('Other') }),
    of('MoveEquipment', { elementId: fc.constantFrom('haifa.a', 'haifa.b') }),
    of('ObserveEquipmentState', { state: fc.constantFrom(...Object.values(States)) }),
  );
  test('a repeated command changes nothing or is refused, and no machine exceeds its capacity', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom('PACKML_2022' as const, 'PACKML_2015' as const), (steps, profile) => {
        let machine = equipment.evolve(equipment.initial, registered({ profile, capacityMode: 'Cumulative', maxConcurrent: 8 }));
        steps.forEach(({ type, data }, minute) => {
          const context = { now: at(59), occurredAt: at(minute), actor: 'ann', role: 'operator', commandId: 'c', digestOf };
          const decide = equipment.decide[type as 'StopEquipment'] as (...input: unknown[]) => readonly EquipmentEvent[];
          const run = () => decide(data, machine, context);
          try {
            machine = run().reduce(equipment.evolve, machine);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Rejected' });
            return;
          }
          if (machine.status === 'registered') expect(machine.jobs.reduce((total, { load }) => total + load, 0)).toBeLessThanOrEqual(8);
          try {
            expect(run()).toEqual([]);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Rejected' });
          }
        });
      }),
    );
  });
});
