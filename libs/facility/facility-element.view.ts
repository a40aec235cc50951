import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { type FacilityEvent, HierarchyLevel } from './facility.events';

/** One element of a plant's hierarchy: the site itself, an area, a work center, a work unit or a store. */
@Entity('facility_element')
@Index(['facilityId', 'parentId'])
@Index(['facilityId', 'level'])
@ObjectType('FacilityElement', {})
export class FacilityElement {
  /** The facility's id for the site itself. */
  @Key()
  elementId: string;

  @ScopeCell()
  facilityId: string;

  @CellOneOf(HierarchyLevel)
  level: HierarchyLevel;

  /** The element above; absent for the site. */
  @Cell('id', { optional: true })
  parentId: string | null;

  @Cell('text')
  name: string;

  /** The enterprise above, on the site only. */
  @Cell('text', { optional: true })
  enterpriseId: string | null;

  @Cell('text', { optional: true })
  enterpriseName: string | null;

  /** IANA time zone of the plant, on the site only. */
  @Cell('text', { optional: true })
  timeZone: string | null;

  /** The kinds of references that the plant checks (facility/check-references), on the site only. */
  @Cell('texts')
  checks: string[];

  /** True when it is no longer in use. */
  @Cell('flag')
  retired: boolean;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** The hierarchy of every plant, one row per element. */
export const facilityElement: View<FacilityElement, FacilityEvent> = {
  name: 'facility-element',
  version: 2,
  row: FacilityElement,
  events: [
    'FacilityRegistered',
    'FacilityRenamed',
    'HierarchyElementAdded',
    'HierarchyElementRenamed',
    'HierarchyElementMoved',
    'HierarchyElementRetired',
    'ReferenceCheckSet',
  ],
  keys: ({ data }) => ['elementId' in data ? data.elementId : data.facilityId],
  fold: (rows, event) => {
    const { position, recordedAt } = event;
    const change = (key: string, changes: Partial<FacilityElement>) => {
      const row = rows.get(key);
      if (row) rows.put({ ...row, ...changes, position, recordedAt });
    };
    switch (event.type) {
      case 'FacilityRegistered': {
        const { facilityId, ...site } = event.data;
        rows.put({
          elementId: facilityId,
          facilityId,
          level: 'Site',
          parentId: null,
          ...site,
          checks: [],
          retired: false,
          position,
          recordedAt,
        });
        break;
      }
      case 'FacilityRenamed':
        change(event.data.facilityId, { name: event.data.to });
        break;
      case 'HierarchyElementAdded':
        rows.put({
          ...event.data,
          enterpriseId: null,
          enterpriseName: null,
          timeZone: null,
          checks: [],
          retired: false,
          position,
          recordedAt,
        });
        break;
      case 'HierarchyElementRenamed':
        change(event.data.elementId, { name: event.data.to });
        break;
      case 'HierarchyElementMoved':
        change(event.data.elementId, { parentId: event.data.toParentId });
        break;
      case 'ReferenceCheckSet': {
        const { facilityId, kind, on } = event.data;
        const others = (rows.get(facilityId)?.checks ?? []).filter((other) => other !== kind);
        change(facilityId, { checks: on ? [...others, kind].sort() : others });
        break;
      }
      case 'HierarchyElementRetired':
        change(event.data.elementId, { retired: true });
        break;
    }
  },
};
