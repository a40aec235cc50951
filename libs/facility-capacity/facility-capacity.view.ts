import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { CapacityMode } from '#manufacturing/capacity';
import { facilityOf } from '#manufacturing/facility';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import type { CapacityDefined } from './facility-capacity.events';

/** The capacity of a resource group: `units` machines or workplaces of `minutesPerDay` each. */
@Entity('facility_capacity')
@Index(['facilityId'])
@ObjectType('FacilityCapacity', {})
export class FacilityCapacityRow {
  @Key()
  capacityId: string;

  @ScopeCell()
  facilityId: string;

  @CellOneOf(CapacityMode)
  mode: CapacityMode;

  @Cell('whole')
  units: number;

  @Cell('whole')
  minutesPerDay: number;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** All resource groups with their capacity. */
export const facilityCapacityView: View<FacilityCapacityRow, CapacityDefined> = {
  name: 'facility-capacity',
  version: 1,
  row: FacilityCapacityRow,
  events: ['CapacityDefined'],
  keys: ({ data }) => [data.capacityId],
  fold: (rows, { data, position, recordedAt }) => {
    const { capacityId, mode, units, minutesPerDay } = data;
    rows.put({ capacityId, facilityId: facilityOf(capacityId), mode, units, minutesPerDay, position, recordedAt });
  },
};
