import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Exclusion, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { Rows, View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import type { EquipmentEvent, MachineState as State } from './equipment.events';
import { MachineState } from './equipment.events';

/** How a state became known: by a command to the machine, or by an observation of it. */
export const StateSource = { Command: 'Command', Observation: 'Observation' } as const;
export type StateSource = keyof typeof StateSource;
registerEnumType(StateSource, { name: 'StateSource', description: 'How a state became known.' });

/** An interval that a machine spent in one state. Intervals of one machine never overlap: PostgreSQL enforces it. */
@Entity('equipment_timeline')
@Exclusion(`USING gist ("equipmentId" WITH =, tstzrange("startedAt", "endedAt") WITH &&) DEFERRABLE INITIALLY DEFERRED`)
@Index(['equipmentId', 'startedAt'])
@Index(['facilityId', 'startedAt'])
@Index(['startedAt'])
@ObjectType('EquipmentInterval', {})
export class EquipmentInterval {
  /** The machine and the beginning. */
  @Key()
  intervalId: string;

  @Cell('id')
  equipmentId: string;

  @ScopeCell()
  facilityId: string;

  @CellOneOf(MachineState)
  state: State;

  /** Floor time. */
  @Cell('instant')
  startedAt: string;

  /** Floor time; absent while the machine is in this state. */
  @Cell('instant', { optional: true })
  endedAt: string | null;

  @CellOneOf(StateSource)
  source: StateSource;

  /** False where PackML does not allow the transition into this state. */
  @Cell('flag')
  legal: boolean;

  /** The stop that the interval belongs to. */
  @Cell('text', { optional: true })
  stopId: string | null;

  /** The work orders that were assigned to the machine during the interval. */
  @Cell('ids')
  workOrderIds: string[];

  /** Id of the event that it began with, for its history. */
  @Cell('text')
  eventId: string;

  /** When the system learned that it began. */
  @Cell('instant')
  learnedAt: string;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const keyOf = (equipmentId: string, startedAt: string): string => `${equipmentId}/${startedAt}`;

type Entered = Pick<
  EquipmentInterval,
  'equipmentId' | 'state' | 'startedAt' | 'source' | 'legal' | 'workOrderIds' | 'eventId' | 'position' | 'recordedAt'
>;

/** Ends the previous interval and begins the next. A state without duration is left out: it is in the history, not on the time line. */
function enter(
  rows: Rows<EquipmentInterval>,
  { equipmentId, startedAt, position, recordedAt, ...entered }: Entered,
  since: string | null,
  endedAt: string | null = null,
): void {
  const before = since === null ? undefined : rows.get(keyOf(equipmentId, since));
  if (before && before.startedAt !== startedAt) rows.put({ ...before, endedAt: startedAt, position, recordedAt });
  rows.put({
    intervalId: keyOf(equipmentId, startedAt),
    equipmentId,
    facilityId: facilityOf(equipmentId),
    startedAt,
    endedAt,
    stopId: before?.stopId ?? null,
    ...entered,
    learnedAt: recordedAt,
    position,
    recordedAt,
  });
}

/**
 * The state of each machine over time, as known today. A late observation begins at its own time if it splits a known interval of another state,
 * or comes before all of them (`placeOf` in observation.ts); otherwise it changes nothing.
 */
export const equipmentTimeline: View<EquipmentInterval, EquipmentEvent> = {
  name: 'equipment-timeline',
  version: 6,
  row: EquipmentInterval,
  events: ['EquipmentStateChanged', 'EquipmentStateObserved', 'EquipmentAssigned', 'StopOpened', 'StopClosed', 'StopCorrected'],
  keys: ({ type, data }) => {
    const key = (startedAt: string | null) => (startedAt === null ? [] : [keyOf(data.equipmentId, startedAt)]);
    if (type === 'EquipmentAssigned') return key(data.stateSince);
    if (type === 'EquipmentStateObserved' && data.within) return [data.within.startedAt, data.at, data.within.until].flatMap(key);
    if (type === 'EquipmentStateChanged' || type === 'EquipmentStateObserved') return [...key(data.since), ...key(data.at)];
    if (type === 'StopCorrected') return [...key(data.openedAt), ...key(data.closedAt)];
    if (type === 'StopOpened') return [data.at, ...(data.laterStates ?? [])].flatMap(key);
    return type === 'StopClosed' ? key(data.at) : [];
  },
  fold: (rows, { id: eventId, type, data, position, recordedAt }) => {
    const { equipmentId } = data;
    switch (type) {
      case 'EquipmentStateChanged': {
        const { to: state, at: startedAt, since, workOrderIds } = data;
        enter(
          rows,
          { equipmentId, state, startedAt, source: 'Command', legal: true, workOrderIds: [...workOrderIds], eventId, position, recordedAt },
          since,
        );
        break;
      }
      case 'EquipmentStateObserved': {
        const { from, at: startedAt, since, applied, legal, workOrderIds, lost, within } = data;
        if (data.late && !within) break;
        const state = lost ? 'Unknown' : data.state;
        if (state === null) break;
        if (within) {
          const before = rows.get(keyOf(equipmentId, within.startedAt));
          const intervalId = keyOf(equipmentId, startedAt);
          if (within.startedAt === startedAt) {
            // The first state that is known of the machine.
            const seen = { equipmentId, state, startedAt, source: 'Observation', legal: true } as const;
            enter(rows, { ...seen, workOrderIds: [...workOrderIds], eventId, position, recordedAt }, null, within.until);
            break;
          }
          if (!before) break;
          rows.put({ ...before, endedAt: startedAt, position, recordedAt });
          const split = { ...before, intervalId, startedAt, endedAt: within.until, eventId, learnedAt: recordedAt };
          rows.put({ ...split, state, source: 'Observation', position, recordedAt });
          if (within.resumes) {
            const resumedId = keyOf(equipmentId, within.until);
            const resumed = { ...before, intervalId: resumedId, startedAt: within.until, learnedAt: recordedAt };
            rows.put({ ...resumed, position, recordedAt });
          }
          break;
        }
        const late = since !== null && startedAt < since;
        if (late || !(applied || lost) || (data.state === from && since !== null && !lost) || (lost && from === null && since !== null))
          break;
        enter(
          rows,
          {
            equipmentId,
            state,
            startedAt,
            source: 'Observation',
            legal: legal ?? true,
            workOrderIds: [...workOrderIds],
            eventId,
            position,
            recordedAt,
          },
          since,
        );
        break;
      }
      case 'EquipmentAssigned': {
        const row = data.stateSince === null ? undefined : rows.get(keyOf(equipmentId, data.stateSince));
        if (row && !row.workOrderIds.includes(data.workOrderId))
          rows.put({ ...row, workOrderIds: [...row.workOrderIds, data.workOrderId], position, recordedAt });
        break;
      }
      case 'StopCorrected': {
        const begin = rows.get(keyOf(equipmentId, data.openedAt));
        if (begin) rows.put({ ...begin, stopId: data.stopId, position, recordedAt });
        const end = data.closedAt === null ? undefined : rows.get(keyOf(equipmentId, data.closedAt));
        if (end) rows.put({ ...end, stopId: null, position, recordedAt });
        break;
      }
      case 'StopOpened': {
        for (const startedAt of [data.at, ...(data.laterStates ?? [])]) {
          const row = rows.get(keyOf(equipmentId, startedAt));
          if (row) rows.put({ ...row, stopId: data.stopId, position, recordedAt });
        }
        break;
      }
      case 'StopClosed': {
        const row = rows.get(keyOf(equipmentId, data.at));
        if (row) rows.put({ ...row, stopId: null, position, recordedAt });
        break;
      }
    }
  },
};
