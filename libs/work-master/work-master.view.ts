import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { facilityOf } from '#manufacturing/facility';
import { Cell, CellJson, Key, ScopeCell } from '#platform/views/cells';
import type { WorkMasterEvent } from './work-master.events';

/** One version of how a product is made. */
@Entity('work_master')
@Index(['product'])
@Index(['facilityId', 'status'])
@ObjectType('WorkMaster', {})
export class WorkMasterRow {
  /** The work master and the version. */
  @Key()
  entryId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('id')
  workMasterId: string;

  @Cell('text')
  version: string;

  /** Draft, Approved, Replaced or Retired. */
  @Cell('text')
  status: string;

  @Cell('text')
  product: string;

  @Cell('text')
  unit: string;

  /** Operations, materials and qualified facilities. */
  @CellJson()
  definition: object;

  @Cell('text')
  author: string;

  @Cell('text', { optional: true })
  approvedBy: string | null;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const entryOf = (workMasterId: string, version: string): string => `${workMasterId}/${version}`;

/** All versions of all work masters. */
export const workMasterView: View<WorkMasterRow, WorkMasterEvent> = {
  name: 'work-master',
  version: 1,
  row: WorkMasterRow,
  events: ['WorkMasterDrafted', 'WorkMasterApproved', 'WorkMasterRetired'],
  keys: ({ type, data }) => {
    const own = entryOf(data.workMasterId, data.version);
    return type === 'WorkMasterApproved' && data.replaces !== undefined ? [own, entryOf(data.workMasterId, data.replaces)] : [own];
  },
  fold: (rows, { type, data, position, recordedAt }) => {
    const { workMasterId, version } = data;
    const entryId = entryOf(workMasterId, version);
    const change = (id: string, changes: Partial<WorkMasterRow>) => {
      const row = rows.get(id);
      if (row) rows.put({ ...row, ...changes, position, recordedAt });
    };
    switch (type) {
      case 'WorkMasterDrafted': {
        const { product, unit, operations, materials, facilities, author } = data;
        const of = { entryId, facilityId: facilityOf(workMasterId), workMasterId, version, product, unit, author };
        rows.put({ ...of, status: 'Draft', definition: { operations, materials, facilities }, approvedBy: null, position, recordedAt });
        return;
      }
      case 'WorkMasterApproved':
        if (data.replaces !== undefined) change(entryOf(workMasterId, data.replaces), { status: 'Replaced' });
        return change(entryId, { status: 'Approved', approvedBy: data.approvedBy });
      case 'WorkMasterRetired':
        return change(entryId, { status: 'Retired' });
    }
  },
};
