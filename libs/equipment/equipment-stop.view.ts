import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Exclusion, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { type EquipmentEvent, LossClass, StopCause } from './equipment.events';

registerEnumType(StopCause, { name: 'StopCause', description: 'What began a stop.' });

/** An interval in which a machine did not produce, and its classification. Stops of one machine never overlap (I8). */
@Entity('equipment_stop')
@Exclusion(`USING gist ("equipmentId" WITH =, tstzrange("startedAt", "endedAt") WITH &&) DEFERRABLE INITIALLY DEFERRED`)
@Index(['facilityId', 'startedAt'])
@Index(['startedAt'])
@Index(['equipmentId', 'startedAt'])
@ObjectType('EquipmentStop', {})
export class EquipmentStop {
  /** The machine and the stop. */
  @Key()
  key: string;

  @Cell('id')
  equipmentId: string;

  @ScopeCell()
  facilityId: string;

  /** `S1`, `S2`, …: as ClassifyStop names it. */
  @Cell('text')
  stopId: string;

  @CellOneOf(StopCause)
  cause: StopCause;

  /** Floor time. */
  @Cell('instant')
  startedAt: string;

  /** Floor time; absent while the stop is open. */
  @Cell('instant', { optional: true })
  endedAt: string | null;

  /** The work orders that were assigned to the machine when it stopped. */
  @Cell('ids')
  workOrderIds: string[];

  /** Absent until the stop is classified. */
  @Cell('text', { optional: true })
  reasonCode: string | null;

  @CellOneOf(LossClass, { optional: true })
  lossClass: LossClass | null;

  /** Who classified it last. */
  @Cell('text', { optional: true })
  classifiedBy: string | null;

  /** When that was recorded. */
  @Cell('instant', { optional: true })
  classifiedAt: string | null;

  /** When the system learned that it began, or when that was corrected. */
  @Cell('instant')
  learnedAt: string;

  /** Id of the event that opened the stop, for its history. */
  @Cell('text')
  eventId: string;

  /** Id of the event that classified it last. */
  @Cell('text', { optional: true })
  classificationEventId: string | null;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** The stops that an event says something about. */
const stopIdsIn = (data: EquipmentEvent['data']): readonly string[] =>
  'stopId' in data ? [data.stopId] : 'stopIds' in data ? (data.stopIds ?? []) : [];

/** Every stop of every machine. */
export const equipmentStop: View<EquipmentStop, EquipmentEvent> = {
  name: 'equipment-stop',
  version: 4,
  row: EquipmentStop,
  events: ['StopOpened', 'StopClosed', 'StopCorrected', 'StopClassified', 'EquipmentAssigned', 'EquipmentUnassigned'],
  keys: ({ data }) => stopIdsIn(data).map((stopId) => `${data.equipmentId}/${stopId}`),
  fold: (rows, { id, type, data, metadata, position, recordedAt }) => {
    if (type === 'StopOpened') {
      const { equipmentId, stopId, cause, at, workOrderIds } = data;
      rows.put({
        key: `${equipmentId}/${stopId}`,
        equipmentId,
        facilityId: facilityOf(equipmentId),
        stopId,
        cause,
        startedAt: at,
        endedAt: data.closedAt ?? null,
        workOrderIds: [...workOrderIds],
        reasonCode: null,
        lossClass: null,
        classifiedBy: null,
        classifiedAt: null,
        learnedAt: recordedAt,
        eventId: id,
        classificationEventId: null,
        position,
        recordedAt,
      });
    } else if (type === 'EquipmentAssigned' || type === 'EquipmentUnassigned') {
      for (const stopId of stopIdsIn(data)) {
        const row = rows.get(`${data.equipmentId}/${stopId}`);
        if (!row) continue;
        const others = row.workOrderIds.filter((workOrderId) => workOrderId !== data.workOrderId);
        rows.put({ ...row, workOrderIds: type === 'EquipmentAssigned' ? [...others, data.workOrderId] : others, position, recordedAt });
      }
    } else if (type === 'StopCorrected') {
      const row = rows.get(`${data.equipmentId}/${data.stopId}`);
      if (row) rows.put({ ...row, startedAt: data.openedAt, endedAt: data.closedAt, learnedAt: recordedAt, position, recordedAt });
    } else if (type === 'StopClosed' || type === 'StopClassified') {
      const row = rows.get(`${data.equipmentId}/${data.stopId}`);
      if (!row) return;
      if (type === 'StopClosed') return rows.put({ ...row, endedAt: data.at, position, recordedAt });
      const { reasonCode, lossClass } = data;
      const by = { classifiedBy: metadata.actor, classifiedAt: recordedAt, classificationEventId: id };
      rows.put({ ...row, reasonCode, lossClass, ...by, position, recordedAt });
    }
  },
};
