import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { CapacityMode } from '#manufacturing/capacity';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { type EquipmentEvent, MachineState, PackmlProfile, SignalQuality } from './equipment.events';

/** The current state of a machine, from commands and observations. */
@Entity('equipment_now')
@Index(['facilityId', 'state'])
@Index(['elementId'])
@Index(['equipmentClass'])
@Index(['since'])
@Index(['state', 'since'])
@ObjectType('EquipmentNow', {})
export class EquipmentNow {
  @Key()
  equipmentId: string;

  @ScopeCell()
  facilityId: string;

  /** False for a machine that was only observed. */
  @Cell('flag')
  registered: boolean;

  /** Name as written on the machine's plate. */
  @Cell('text', { optional: true })
  name: string | null;

  /** Place in the hierarchy of the plant. */
  @Cell('id', { optional: true })
  elementId: string | null;

  @Cell('text', { optional: true })
  equipmentClass: string | null;

  @CellOneOf(PackmlProfile, { optional: true })
  profile: PackmlProfile | null;

  @CellOneOf(CapacityMode, { optional: true })
  capacityMode: CapacityMode | null;

  /** Jobs at a time, or the total load; absent where there is no limit. */
  @Cell('whole', { optional: true })
  maxConcurrent: number | null;

  /** 1 Production, 2 Maintenance, 3 Manual, 4 to 31 as its vendor defines. */
  @Cell('whole', { optional: true })
  mode: number | null;

  @CellOneOf(MachineState, { optional: true })
  state: MachineState | null;

  /** Floor time at which its state began; absent while the state is only assumed. */
  @Cell('instant', { optional: true })
  since: string | null;

  /** Quality of the last reading; absent where the state comes from commands only. */
  @CellOneOf(SignalQuality, { optional: true })
  quality: SignalQuality | null;

  /** Floor time of the last reading. */
  @Cell('instant', { optional: true })
  observedAt: string | null;

  /** The work orders that are assigned to the machine. */
  @Cell('ids')
  workOrderIds: string[];

  /** The stop that is open now. */
  @Cell('text', { optional: true })
  openStopId: string | null;

  /** Revision of the stream, for If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

type Row = Omit<EquipmentNow, 'position' | 'recordedAt' | 'revision'>;

const unregistered = (equipmentId: string): Row => ({
  equipmentId,
  facilityId: facilityOf(equipmentId),
  registered: false,
  name: null,
  elementId: null,
  equipmentClass: null,
  profile: null,
  capacityMode: null,
  maxConcurrent: null,
  mode: null,
  state: null,
  since: null,
  quality: null,
  observedAt: null,
  workOrderIds: [],
  openStopId: null,
});

/** What an event changes of its machine's row. */
function changes(row: Row, { type, data }: EquipmentEvent): Partial<EquipmentNow> {
  switch (type) {
    case 'EquipmentRegistered': {
      const { name, elementId, equipmentClass, profile, capacityMode, maxConcurrent, mode, state, since } = data;
      // Its signal was lost before it was registered.
      const stands = row.state === 'Unknown' ? {} : { state, since };
      return { registered: true, name, elementId, equipmentClass, profile, capacityMode, maxConcurrent, mode, ...stands };
    }
    case 'EquipmentMoved':
      return { elementId: data.toElementId };
    case 'EquipmentStateChanged':
      return { state: data.to, since: data.at };
    case 'EquipmentStateObserved': {
      const { applied, at, quality, lost, within } = data;
      if (within?.resumes && row.since === within.startedAt) return { since: within.until };
      if (data.late) return {};
      const late = (row.since !== null && at < row.since) || (row.observedAt !== null && at < row.observedAt);
      const state: MachineState | null = lost ? 'Unknown' : data.state;
      const known = applied || (lost && (row.since === null || at >= row.since));
      const entered = known && (state !== row.state || row.since === null) ? { state, since: at } : {};
      return late ? entered : { quality, observedAt: at, ...entered };
    }
    case 'EquipmentModeSet':
      return { mode: data.to };
    case 'EquipmentAssigned':
      return { workOrderIds: [...row.workOrderIds, data.workOrderId] };
    case 'EquipmentUnassigned':
      return { workOrderIds: row.workOrderIds.filter((id) => id !== data.workOrderId) };
    case 'StopOpened':
      return data.closedAt === undefined ? { openStopId: data.stopId } : {};
    case 'StopCorrected':
      return data.closedAt !== null && row.openStopId === data.stopId ? { openStopId: null } : {};
    case 'StopClosed':
      return { openStopId: null };
    default:
      return {};
  }
}

/** The current state of every machine. */
export const equipmentNow: View<EquipmentNow, EquipmentEvent> = {
  name: 'equipment-now',
  version: 5,
  row: EquipmentNow,
  // All of them: the row has the revision of the stream.
  events: [
    'EquipmentRegistered',
    'EquipmentMoved',
    'EquipmentStateChanged',
    'EquipmentStateObserved',
    'EquipmentModeSet',
    'EquipmentAssigned',
    'EquipmentUnassigned',
    'StopOpened',
    'StopClosed',
    'StopCorrected',
    'StopClassified',
    'IllegalTransitionObserved',
    'LateStateObserved',
    'UnknownStateObserved',
    'UnregisteredEquipmentObserved',
    'ClockAheadObserved',
    'CapacityExceededObserved',
  ],
  keys: ({ data }) => [data.equipmentId],
  fold: (rows, event) => {
    const row = rows.get(event.data.equipmentId) ?? unregistered(event.data.equipmentId);
    rows.put({ ...row, ...changes(row, event), revision: event.revision, position: event.position, recordedAt: event.recordedAt });
  },
};
