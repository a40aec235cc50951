import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { masterDataId } from '#manufacturing/references';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { type Description, type MasterDataEvent, MasterDataKind } from './master-data.events';

/** A material, a reason code, a person or a machine class of a plant. */
@Entity('master_data')
@Index(['facilityId', 'kind', 'code'])
@Index(['name'])
@ObjectType('MasterData', {})
export class MasterData {
  /** Plant, kind and code. */
  @Key()
  entryId: string;

  @ScopeCell()
  facilityId: string;

  @CellOneOf(MasterDataKind)
  kind: MasterDataKind;

  @Cell('text')
  code: string;

  @Cell('text')
  name: string;

  /** Unit of a material's stock. */
  @Cell('text', { optional: true })
  unit: string | null;

  /** The states that machines of a class report; null for all. */
  @Cell('texts', { optional: true })
  reportedStates: readonly string[] | null;

  /** No longer in use. */
  @Cell('flag')
  retired: boolean;

  /** Revision of the stream after its last event; give it as If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const described = ({ name, unit, reportedStates }: Description) => ({ name, unit: unit ?? null, reportedStates: reportedStates ?? null });

/** All master data of all plants. */
export const masterDataView: View<MasterData, MasterDataEvent> = {
  name: 'master-data',
  version: 2,
  row: MasterData,
  events: ['MasterDataRegistered', 'MasterDataChanged', 'MasterDataRetired', 'MasterDataReinstated'],
  keys: ({ data: { facilityId, kind, code } }) => [masterDataId(facilityId, kind, code)],
  fold: (rows, { type, data, revision, position, recordedAt }) => {
    const { facilityId, kind, code } = data;
    const entryId = masterDataId(facilityId, kind, code);
    const row = rows.get(entryId);
    const provenance = { revision, position, recordedAt };
    if (type === 'MasterDataRegistered') rows.put({ entryId, facilityId, kind, code, ...described(data), retired: false, ...provenance });
    else if (row && type === 'MasterDataChanged') rows.put({ ...row, ...described(data.to), ...provenance });
    else if (row) rows.put({ ...row, retired: type === 'MasterDataRetired', ...provenance });
  },
};
