import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import type { TransportLaneEvent } from './transport-lane.events';

/** A way from one plant to another: transit time and freight. */
@Entity('transport_lane')
@Index(['facilityId', 'toFacilityId'])
@Index(['transitHours'])
@ObjectType('TransportLane', {})
export class TransportLaneRow {
  @Key()
  laneId: string;

  /** The plant that ships. */
  @ScopeCell()
  facilityId: string;

  /** The plant that receives. */
  @Cell('id')
  toFacilityId: string;

  /** Hours from shipping to arrival. */
  @Cell('whole')
  transitHours: number;

  /** Freight of one unit, in the currency of the enterprise. */
  @Cell('amount')
  costPerUnit: string;

  /** Unit that is paid for. */
  @Cell('text')
  unit: string;

  /** No longer in use. */
  @Cell('flag')
  retired: boolean;

  /** Revision of the stream, for If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** All lanes between plants. */
export const transportLaneView: View<TransportLaneRow, TransportLaneEvent> = {
  name: 'transport-lane',
  version: 1,
  row: TransportLaneRow,
  events: ['LaneDefined', 'LaneRetired'],
  keys: ({ data }) => [data.laneId],
  fold: (rows, { type, data, revision, position, recordedAt }) => {
    const provenance = { revision, position, recordedAt };
    if (type === 'LaneDefined') {
      const { laneId, fromFacilityId: facilityId, toFacilityId, transitHours, costPerUnit, unit } = data;
      rows.put({ laneId, facilityId, toFacilityId, transitHours, costPerUnit, unit, retired: false, ...provenance });
      return;
    }
    const row = rows.get(data.laneId);
    if (row) rows.put({ ...row, retired: true, ...provenance });
  },
};
