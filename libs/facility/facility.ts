import type { Decider } from '#kernel/decider';
import { facilityOf } from '#manufacturing/facility';
import { checkTimeZone } from '#manufacturing/local-time';
import { Rejected } from '#kernel/rejected';
import type { FacilityTold } from '#manufacturing/references';
import type * as commands from './facility.commands';
import type { FacilityEvent, HierarchyLevel } from './facility.events';

type Element = Readonly<{ level: HierarchyLevel; parentId: string; name: string; retired: boolean }>;

export type Facility =
  | Readonly<{ status: 'unknown' }>
  | Readonly<{
      status: 'registered';
      facilityId: string;
      name: string;
      enterpriseId: string;
      enterpriseName: string;
      timeZone: string;
      elements: Readonly<Record<string, Element>>;
      /** The kinds of references that somebody decided to check, or not to. */
      checks: FacilityTold['checks'];
    }>;
type Registered = Extract<Facility, { status: 'registered' }>;

/** The allowed levels of the parent of each level (ISA-95 part 1, 5.3; pairs of work centers and their units). */
const levelAbove: Readonly<Partial<Record<HierarchyLevel, readonly HierarchyLevel[]>>> = {
  Area: ['Site'],
  ProcessCell: ['Area'],
  ProductionUnit: ['Area'],
  ProductionLine: ['Area'],
  StorageZone: ['Area'],
  Unit: ['ProcessCell', 'ProductionUnit'],
  WorkCell: ['ProductionLine'],
  StorageUnit: ['StorageZone'],
};

function known(state: Facility): Registered {
  if (state.status === 'unknown') throw new Rejected('facility-unknown', 'This facility is not registered. Register it first.');
  return state;
}

function inUse(facility: Registered, elementId: string): Element {
  const element = facility.elements[elementId];
  if (!element) throw new Rejected('no-such-element', `Unknown element ${elementId} of facility ${facility.facilityId}.`, { elementId });
  if (element.retired) throw new Rejected('element-retired', `${elementId} is retired. Use another element.`, { elementId });
  return element;
}

/** Refuses a parent that is of another plant, unknown or retired, and a level that is not directly below the parent's. */
function checkPlace(facility: Registered, level: HierarchyLevel, parentId: string): void {
  if (facilityOf(parentId) !== facility.facilityId)
    throw new Rejected('wrong-facility', `\`parentId\` must be in facility ${facility.facilityId}, was ${parentId}.`, {
      parentId,
      facilityId: facility.facilityId,
    });
  const parent = facility.elements[parentId];
  if (parentId !== facility.facilityId && !parent)
    throw new Rejected('no-such-parent', `Unknown parent ${parentId} in facility ${facility.facilityId}.`, { parentId });
  if (parent?.retired) throw new Rejected('parent-retired', `The parent ${parentId} is retired. Choose another one.`, { parentId });
  const above = parent?.level ?? 'Site';
  const allowed = levelAbove[level] ?? [];
  if (!allowed.includes(above))
    throw new Rejected('level-not-allowed-here', `The parent of a ${level} must be a ${allowed.join(' or ')}, was a ${above}.`, {
      level,
      parentLevel: above,
      allowed,
    });
}

function isBelow(facility: Registered, elementId: string, ancestorId: string): boolean {
  for (let at: string | undefined = elementId; at !== undefined; at = facility.elements[at]?.parentId) if (at === ancestorId) return true;
  return false;
}

const withElement = (facility: Registered, elementId: string, change: Partial<Element>): Registered => ({
  ...facility,
  elements: { ...facility.elements, [elementId]: { ...facility.elements[elementId]!, ...change } },
});

function evolve(state: Facility, event: FacilityEvent): Facility {
  if (event.type === 'FacilityRegistered') return { status: 'registered', ...event.data, elements: {}, checks: {} };
  if (state.status === 'unknown') return state;
  switch (event.type) {
    case 'FacilityRenamed':
      return { ...state, name: event.data.to };
    case 'HierarchyElementAdded': {
      const { elementId, level, parentId, name } = event.data;
      return { ...state, elements: { ...state.elements, [elementId]: { level, parentId, name, retired: false } } };
    }
    case 'HierarchyElementRenamed':
      return withElement(state, event.data.elementId, { name: event.data.to });
    case 'HierarchyElementMoved':
      return withElement(state, event.data.elementId, { parentId: event.data.toParentId });
    case 'ReferenceCheckSet':
      return { ...state, checks: { ...state.checks, [event.data.kind]: event.data.on } };
    case 'HierarchyElementRetired':
      return withElement(state, event.data.elementId, { retired: true });
  }
}

/** A plant and its equipment hierarchy: one stream per site, so that every level rule is decided on the whole tree. */
export const facility: Decider<typeof commands, Facility, FacilityEvent> = {
  category: 'facility',
  initial: { status: 'unknown' },
  id: (command) => ('facilityId' in command ? command.facilityId : facilityOf(command.elementId)),
  evolve,
  tells: (state): FacilityTold | null => (state.status === 'unknown' ? null : { checks: state.checks, elements: state.elements }),
  decide: {
    RegisterFacility: ({ facilityId, name, enterpriseId, enterpriseName, timeZone }, state) => {
      checkTimeZone(timeZone);
      if (state.status === 'unknown')
        return [{ type: 'FacilityRegistered', data: { facilityId, name, enterpriseId, enterpriseName, timeZone } }];
      if (
        state.name === name &&
        state.enterpriseId === enterpriseId &&
        state.enterpriseName === enterpriseName &&
        state.timeZone === timeZone
      )
        return [];
      throw new Rejected('facility-already-registered', `${facilityId} is already registered with other data. Choose another id.`, {
        facilityId,
        name: state.name,
      });
    },

    RenameFacility: ({ facilityId, name }, state) => {
      const { name: from } = known(state);
      return from === name ? [] : [{ type: 'FacilityRenamed', data: { facilityId, from, to: name } }];
    },

    CheckReferences: ({ facilityId, kind, on, unlessDecided = false }, state) => {
      const before = known(state).checks[kind];
      if (before === on || (unlessDecided && before !== undefined)) return [];
      return [{ type: 'ReferenceCheckSet', data: { facilityId, kind, on } }];
    },

    AddHierarchyElement: ({ elementId, level, parentId: above, name }, state) => {
      const site = known(state);
      const parentId = above ?? site.facilityId;
      const existing = site.elements[elementId];
      if (existing) {
        if (!existing.retired && existing.level === level && existing.parentId === parentId && existing.name === name) return [];
        throw new Rejected('element-already-exists', `${elementId} already exists with other data. Choose another id.`, {
          elementId,
          ...existing,
        });
      }
      checkPlace(site, level, parentId);
      return [{ type: 'HierarchyElementAdded', data: { facilityId: site.facilityId, elementId, level, parentId, name } }];
    },

    RenameHierarchyElement: ({ elementId, name }, state) => {
      const site = known(state);
      const { name: from } = inUse(site, elementId);
      return from === name ? [] : [{ type: 'HierarchyElementRenamed', data: { facilityId: site.facilityId, elementId, from, to: name } }];
    },

    MoveHierarchyElement: ({ elementId, parentId: above }, state) => {
      const site = known(state);
      const toParentId = above ?? site.facilityId;
      const { level, parentId: fromParentId } = inUse(site, elementId);
      if (fromParentId === toParentId) return [];
      if (isBelow(site, toParentId, elementId))
        throw new Rejected('hierarchy-cycle', `\`parentId\` must not be ${elementId} or an element below it, was ${toParentId}.`, {
          elementId,
          parentId: toParentId,
        });
      checkPlace(site, level, toParentId);
      return [{ type: 'HierarchyElementMoved', data: { facilityId: site.facilityId, elementId, fromParentId, toParentId } }];
    },

    RetireHierarchyElement: ({ elementId }, state) => {
      const site = known(state);
      if (site.elements[elementId]?.retired) return [];
      inUse(site, elementId);
      const below = Object.keys(site.elements).filter((id) => site.elements[id]!.parentId === elementId && !site.elements[id]!.retired);
      if (below.length)
        throw new Rejected(
          'element-has-elements-below',
          `${below.length} elements in use are below ${elementId}. Move or retire them first.`,
          { elementId, below: below.slice(0, 20) },
        );
      return [{ type: 'HierarchyElementRetired', data: { facilityId: site.facilityId, elementId } }];
    },
  },
};
