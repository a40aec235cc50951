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
