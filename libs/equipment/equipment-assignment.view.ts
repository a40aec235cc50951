import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import type { EquipmentAssigned, EquipmentUnassigned } from './equipment.events';

/** A period in which a machine had a work order. */
@Entity('equipment_assignment')
@Index(['equipmentId', 'startedAt'])
@Index(['facilityId', 'startedAt'])
@Index(['workOrderId'])
@Index(['startedAt'])
@ObjectType('EquipmentAssignment', {})
export class EquipmentAssignment {
  /** The machine and the order; once it is over also the event that ended it. */
  @Key()
  entryId: string;

  @Cell('id')
  equipmentId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('id')
  workOrderId: string;

  /** Floor time. */
  @Cell('instant')
  startedAt: string;

  /** Floor time; absent while the machine has the order. */
  @Cell('instant', { optional: true })
  endedAt: string | null;

  /** Id of the event that assigned the order, for its history. */
  @Cell('text')
  eventId: string;

  /** Id of the event that ended the assignment. */
  @Cell('text', { optional: true })
  endEventId: string | null;

  /** When the system learned that the assignment began. */
  @Cell('instant')
  learnedAt: string;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** Which machine had which order, and when. */
export const equipmentAssignment: View<EquipmentAssignment, EquipmentAssigned | EquipmentUnassigned> = {
  name: 'equipment-assignment',
  version: 1,
  row: EquipmentAssignment,
  events: ['EquipmentAssigned', 'EquipmentUnassigned'],
  keys: ({ id, type, data: { equipmentId, workOrderId } }) => {
    const open = `${equipmentId}/${workOrderId}`;
    return type === 'EquipmentAssigned' ? [open] : [open, `${open}/${id}`];
  },
  fold: (rows, { id, type, data: { equipmentId, workOrderId, at }, position, recordedAt }) => {
    const entryId = `${equipmentId}/${workOrderId}`;
    if (type === 'EquipmentAssigned') {
      const of = { entryId, equipmentId, facilityId: facilityOf(equipmentId), workOrderId, startedAt: at, endedAt: null };
      rows.put({ ...of, eventId: id, endEventId: null, learnedAt: recordedAt, position, recordedAt });
      return;
    }
    const row = rows.get(entryId);
    if (!row) return;
    rows.remove(entryId);
    const endedAt = at > row.startedAt ? at : row.startedAt;
    rows.put({ ...row, entryId: `${entryId}/${id}`, endedAt, endEventId: id, position, recordedAt });
  },
};
