import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { facilityOf } from '#manufacturing/facility';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import type { Bucket, FacilityCapacityEvent } from './facility-capacity.events';

/** What is taken of a resource group on one day. */
@Entity('capacity_load')
@Index(['facilityId', 'date'])
@Index(['capacityId', 'date'])
@ObjectType('CapacityLoad', {})
export class CapacityLoad {
  /** The resource group and the day. */
  @Key()
  entryId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('id')
  capacityId: string;

  /** Day in the plant's zone, YYYY-MM-DD. */
  @Cell('text')
  date: string;

  /** Minutes reserved. */
  @Cell('whole')
  reserved: number;

  /** Minutes blocked, e.g. for maintenance. */
  @Cell('whole')
  blocked: number;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

type LoadEvent = Extract<FacilityCapacityEvent, { data: { buckets: readonly Bucket[] } }>;
const CHANGES: Readonly<Record<LoadEvent['type'], readonly [column: 'reserved' | 'blocked', sign: 1 | -1]>> = {
  CapacityReserved: ['reserved', 1],
  ReservationReleased: ['reserved', -1],
  CapacityBlocked: ['blocked', 1],
  CapacityUnblocked: ['blocked', -1],
};
const entryOf = (capacityId: string, date: string): string => `${capacityId}/${date}`;

/** Reserved and blocked minutes of every day on which there are any. */
export const capacityLoad: View<CapacityLoad, LoadEvent> = {
  name: 'capacity-load',
  version: 1,
  row: CapacityLoad,
  events: ['CapacityReserved', 'ReservationReleased', 'CapacityBlocked', 'CapacityUnblocked'],
  keys: ({ data }) => data.buckets.map(({ date }) => entryOf(data.capacityId, date)),
  fold: (rows, { type, data, position, recordedAt }) => {
    const { capacityId, buckets } = data;
    const [column, sign] = CHANGES[type];
    for (const { date, minutes } of buckets) {
      const entryId = entryOf(capacityId, date);
      const empty = { entryId, facilityId: facilityOf(capacityId), capacityId, date, reserved: 0, blocked: 0 };
      const row = { ...empty, ...rows.get(entryId), position, recordedAt };
      row[column] += sign * minutes;
      if (row.reserved === 0 && row.blocked === 0) rows.remove(entryId);
      else rows.put(row);
    }
  },
};
