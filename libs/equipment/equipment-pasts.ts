import { equipment } from './equipment';
import {
  type EquipmentEvent,
  type EquipmentRegistered,
  type EquipmentStateChanged,
  PackmlInput,
  type PackmlState,
} from './equipment.events';

/** Named histories that the specs of this slice begin with. */
export const equipmentId = 'haifa.M4';
export const at = (minute: number) => `2026-01-05T08:${String(minute).padStart(2, '0')}:00.000Z`;
export const modes = [1, 2, 3].map((mode, index) => ({ mode, name: ['Production', 'Maintenance', 'Manual'][index]!, disabledStates: [] }));

export const registered = (changes: Partial<EquipmentRegistered['data']> = {}): EquipmentRegistered => ({
  type: 'EquipmentRegistered',
  data: {
    equipmentId,
    name: 'Machine 4',
    elementId: 'haifa.cell',
    equipmentClass: 'milling',
    profile: 'PACKML_2022',
    modes,
    modeChangeStates: ['Stopped', 'Idle', 'Aborted'],
    capacityMode: 'Unary',
    maxConcurrent: 1,
    vendorStates: [],
    mode: 1,
    state: 'Stopped',
    since: null,
    ...changes,
  },
});
export const registration = { equipmentId, name: 'Machine 4', elementId: 'haifa.cell', equipmentClass: 'milling' };

export const changed = (
  from: PackmlState,
  to: PackmlState,
  input: PackmlInput,
  changes: Partial<EquipmentStateChanged['data']> = {},
): EquipmentStateChanged => ({
  type: 'EquipmentStateChanged',
  data: { equipmentId, from, to, input, profile: 'PACKML_2022', mode: 1, since: null, at: at(0), workOrderIds: [], ...changes },
});
/** A machine that has been in a state since 08:00. */
export const inState = (state: PackmlState, ...more: EquipmentEvent[]): EquipmentEvent[] => [registered({ state, since: at(0) }), ...more];
export const assigned = (local: string, load = 1, batchKey: string | null = null): EquipmentEvent => ({
  type: 'EquipmentAssigned',
  data: { equipmentId, workOrderId: `haifa.${local}`, load, batchKey, at: at(0), stateSince: at(0) },
});
export const opened = (stopId: string): EquipmentEvent => ({
  type: 'StopOpened',
  data: { equipmentId, stopId, cause: 'Stop', at: at(0), workOrderIds: [] },
});
export const classified = (reasonCode: string): EquipmentEvent => ({
  type: 'StopClassified',
  data: { equipmentId, stopId: 'S1', reasonCode, lossClass: 'Breakdown', previousReasonCode: null, previousLossClass: null },
});
export const commandOf = (input: PackmlInput) => (input === 'StateComplete' ? 'ReportStateComplete' : (`${input}Equipment` as const));
export const observed = (reported: string, state: PackmlState | null, changes: object = {}): EquipmentEvent => ({
  type: 'EquipmentStateObserved',
  data: {
    equipmentId,
    reported,
    state,
    quality: 'GOOD',
    at: at(5),
    claimedAt: at(5),
    applied: true,
    from: 'Execute',
    since: at(0),
    legal: true,
    workOrderIds: [],
    ...changes,
  },
});
export const later = { now: at(5), occurredAt: at(5) };

type Commands = typeof equipment.decide;

export type Step = readonly [type: keyof Commands, command?: object, minute?: number];

/** Runs commands one after another, minute by minute, and gives the events. */
export function shift(...steps: readonly Step[]): EquipmentEvent[] {
  const events: EquipmentEvent[] = [];
  let state = equipment.initial;
  steps.forEach(([type, command = {}, minute], index) => {
    const context = { now: at(59), occurredAt: at(minute ?? index), actor: 'ann', role: 'operator', commandId: 'c', digestOf: String };
    const more = (equipment.decide[type] as (...input: unknown[]) => EquipmentEvent[])({ equipmentId, ...command }, state, context);
    state = more.reduce(equipment.evolve, state);
    events.push(...more);
  });
  return events;
}
export const register = ['RegisterEquipment', { name: 'Machine 4', equipmentClass: 'milling' }] as const;
export const run = [register, ['ResetEquipment'], ['ReportStateComplete'], ['StartEquipment'], ['ReportStateComplete']] as const;
