import type { Decider } from '#kernel/decider';
import { entryOf } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import { facilityOf } from '#manufacturing/facility';
import { regardsFacilities, rejectUnknownFacilities } from '#manufacturing/references';
import { fitsUnit, isPositive } from '#manufacturing/quantity';
import type * as commands from './work-master.commands';
import type { Definition, Qualification, WorkMasterEvent } from './work-master.events';

type Version = Definition & Readonly<{ author: string }>;
export type WorkMaster = Readonly<{
  drafts: Readonly<Record<string, Version>>;
  approved?: Readonly<{ version: string }> & Version; /** Versions that were ever approved: what they say stays. */
  used: readonly string[];
}>;
/** What plans look at: the approved version. */
export type ToldWorkMaster = Definition & Readonly<{ version: string }>;

const refuse = (code: string, message: string, facts: Readonly<Record<string, unknown>>): never => {
  throw new Rejected(code, message, facts);
};

/** @throws Rejected for plants, operations or materials named twice, a resource group of another plant, minutes of zero, a fraction of a piece */
function checked({ unit, operations, materials, facilities }: Definition): void {
  const twice = (what: string, ids: readonly string[]) => {
    const id = ids.find((each, index) => ids.indexOf(each) !== index);
    if (id !== undefined) refuse('named-twice', `${what} ${id} must appear once.`, { id });
  };
  twice(
    'Operation',
    operations.map(({ operationId }) => operationId),
  );
  twice(
    'Material',
    materials.map(({ materialId }) => materialId),
  );
  twice(
    'Facility',
    facilities.map(({ facilityId }) => facilityId),
  );
  for (const { facilityId, capacityId, minutesPerUnit, minBatch } of facilities) {
    if (facilityOf(capacityId) !== facilityId)
      refuse('wrong-facility', `\`capacityId\` must be of the facility ${facilityId}, was ${capacityId}.`, { facilityId, capacityId });
    if (!isPositive(minutesPerUnit)) refuse('quantity-not-positive', '`minutesPerUnit` must be above 0, was 0.', { facilityId });
    if (minBatch !== undefined && !isPositive(minBatch))
      refuse('quantity-not-positive', '`minBatch` must be above 0, was 0.', { facilityId });
    if (minBatch !== undefined && !fitsUnit(minBatch, unit))
      refuse('fraction-of-piece', `\`minBatch\` must be a whole number of pieces, was ${minBatch}.`, { facilityId, minBatch });
  }
}

const definitionIn = ({ product, unit, operations, materials = [], facilities }: commands.DraftWorkMaster): Definition => ({
  product,
  unit,
  operations: operations.map(({ operationId, name, sequence, equipmentClass, idealCycleSeconds, overlapAllowed }) => ({
    operationId,
    name,
    sequence,
    ...(equipmentClass === undefined ? {} : { equipmentClass }),
    ...(idealCycleSeconds === undefined ? {} : { idealCycleSeconds }),
    ...(overlapAllowed === undefined ? {} : { overlapAllowed }),
  })),
  materials: materials.map(({ materialId, quantityPerUnit, unit: of }) => ({ materialId, quantityPerUnit, ...(of ? { unit: of } : {}) })),
  facilities: facilities.map(
    ({ facilityId, capacityId, minutesPerUnit, setupMinutes = 0, costPerUnit, minBatch, onlyFor, neverFor }): Qualification => ({
      facilityId,
      capacityId,
      minutesPerUnit,
      setupMinutes,
      costPerUnit,
      ...(minBatch === undefined ? {} : { minBatch }),
      ...(onlyFor === undefined ? {} : { onlyFor: onlyFor.map(({ customer }) => customer) }),
      ...(neverFor === undefined ? {} : { neverFor: neverFor.map(({ customer }) => customer) }),
    }),
  ),
});

const plantsOf = (name: string, { facilities }: Readonly<{ facilities?: unknown }>): string[] =>
  name === 'DraftWorkMaster' ? (facilities as readonly Qualification[]).map(({ facilityId }) => facilityId) : [];

/** How a product is made, in versions; the one that was approved last is used. */
export const workMaster: Decider<typeof commands, WorkMaster, WorkMasterEvent> = {
  category: 'work-master',
  initial: { drafts: {}, used: [] },
  id: ({ workMasterId }) => workMasterId,
  // Customer orders reserve and release work where a product can be made: who says so must be of that plant.
  reaches: plantsOf,
  regards: (name, command) => regardsFacilities(...plantsOf(name, command)),
  tells: ({ approved }): ToldWorkMaster | null => {
    if (!approved) return null;
    const { author: _, ...told } = approved;
    return told;
  },
  evolve: (state, { type, data }) => {
    switch (type) {
      case 'WorkMasterDrafted': {
        const { workMasterId: _, version, ...draft } = data;
        return { ...state, drafts: { ...state.drafts, [version]: draft } };
      }
      case 'WorkMasterApproved': {
        const { [data.version]: draft, ...drafts } = state.drafts;
        return draft ? { drafts, approved: { ...draft, version: data.version }, used: [...state.used, data.version] } : state;
      }
      case 'WorkMasterRetired': {
        const { approved: _, ...rest } = state;
        return rest;
      }
    }
  },
  decide: {
    DraftWorkMaster: (command, { drafts, used }, context) => {
      const { workMasterId, version } = command;
      const definition = definitionIn(command);
      checked(definition);
      const product = workMasterId.slice(facilityOf(workMasterId).length + 1);
      if (definition.product !== product)
        refuse('wrong-product', `\`product\` must be ${product}, as in the id, was ${definition.product}.`, { workMasterId });
      if (used.includes(version))
        refuse('version-approved', `Version ${version} was approved and stays as it is. Draft another version.`, { workMasterId, version });
      const draft = { ...definition, author: context.actor };
      if (JSON.stringify(entryOf(drafts, version)) === JSON.stringify(draft)) return [];
      rejectUnknownFacilities(context, ...definition.facilities.map(({ facilityId }) => facilityId));
      return [{ type: 'WorkMasterDrafted', data: { workMasterId, version, ...draft } }];
    },
    ApproveWorkMaster: ({ workMasterId, version }, { drafts, approved }, { actor: approvedBy }) => {
      if (approved?.version === version) return [];
      const draft = entryOf(drafts, version);
      if (!draft)
        return refuse('version-unknown', `Unknown version ${version} of ${workMasterId}. Draft it first.`, { workMasterId, version });
      if (draft.author === approvedBy)
        refuse('four-eyes', `Version ${version} must be approved by another person than its author, ${approvedBy}.`, {
          workMasterId,
          version,
        });
      const replaces = approved ? { replaces: approved.version } : {};
      return [{ type: 'WorkMasterApproved', data: { workMasterId, version, approvedBy, ...replaces } }];
    },
    RetireWorkMaster: ({ workMasterId, version, reason }, { approved }) => {
      if (!approved) return [];
      if (approved.version !== version)
        refuse('version-unknown', `The approved version of ${workMasterId} is ${approved.version}, not ${version}.`, {
          workMasterId,
          version,
        });
      return [{ type: 'WorkMasterRetired', data: { workMasterId, version, reason } }];
    },
  },
};
