import type { Decider } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import { isFirstOfKind, masterDataId, ofPlants, regardsOf } from '#manufacturing/references';
import type * as commands from './master-data.commands';
import type { Description, MasterDataEvent, MasterDataKind, MasterDataTold } from './master-data.events';

export type Entry = Readonly<{ status: 'unknown' }> | Readonly<{ status: 'in-use' | 'retired'; description: Description }>;
type Known = Exclude<Entry, { status: 'unknown' }>;

function known(entry: Entry): Known {
  if (entry.status === 'unknown') throw new Rejected('master-data-unknown', 'The plant has no such entry. Register it first.');
  return entry;
}

/** @throws Rejected states-not-of-kind */
function described(kind: MasterDataKind, { name, unit, reportedStates }: Description): Description {
  if (reportedStates && kind !== 'EquipmentClass')
    throw new Rejected('states-not-of-kind', `Only an EquipmentClass has \`reportedStates\`, not a ${kind}. Leave it out.`, { kind });
  return {
    name,
    ...(unit ? { unit } : {}),
    // The order of the states says nothing.
    ...(reportedStates ? { reportedStates: [...new Set(reportedStates)].sort() } : {}),
  };
}
const same = (a: Description, b: Description): boolean =>
  a.name === b.name && a.unit === b.unit && String(a.reportedStates) === String(b.reportedStates);

const rules: Decider<typeof commands, Entry, MasterDataEvent> = {
  category: 'master-data',
  initial: { status: 'unknown' },
  id: ({ facilityId, kind, code }) => masterDataId(facilityId, kind, code),
  regards: (name, { facilityId }) => (name === 'RegisterMasterData' ? regardsOf(facilityId as string, []) : []),
  tells: (entry): MasterDataTold | null =>
    entry.status === 'unknown'
      ? null
      : {
          retired: entry.status === 'retired',
          ...(entry.description.reportedStates ? { reportedStates: entry.description.reportedStates } : {}),
        },
  evolve: (entry, { type, data }) => {
    switch (type) {
      case 'MasterDataRegistered':
        return { status: 'in-use', description: described(data.kind, data) };
      case 'MasterDataChanged':
        return entry.status === 'unknown' ? entry : { ...entry, description: data.to };
      case 'MasterDataRetired':
        return entry.status === 'unknown' ? entry : { ...entry, status: 'retired' };
      case 'MasterDataReinstated':
        return entry.status === 'unknown' ? entry : { ...entry, status: 'in-use' };
    }
  },
  decide: {
    RegisterMasterData: ({ facilityId, kind, code, ...told }, entry, context) => {
      const description = described(kind, told);
      if (entry.status === 'unknown') {
        const first = isFirstOfKind(context, facilityId, kind) ? { firstOfKind: true as const } : {};
        return [{ type: 'MasterDataRegistered', data: { facilityId, kind, code, ...description, ...first } }];
      }
      if (entry.status === 'in-use' && same(entry.description, description)) return [];
      throw new Rejected('master-data-exists', `${code} is registered already. Change it or reinstate it.`, { code, ...entry });
    },

    ChangeMasterData: ({ facilityId, kind, code, name, unit, reportedStates }, entry) => {
      const { description: from } = known(entry);
      const to = described(kind, {
        name: name ?? from.name,
        unit: unit ?? from.unit,
        reportedStates: reportedStates ?? from.reportedStates,
      });
      return same(from, to) ? [] : [{ type: 'MasterDataChanged', data: { facilityId, kind, code, from, to } }];
    },

    RetireMasterData: ({ facilityId, kind, code }, entry) =>
      known(entry).status === 'retired' ? [] : [{ type: 'MasterDataRetired', data: { facilityId, kind, code } }],

    ReinstateMasterData: ({ facilityId, kind, code }, entry) =>
      known(entry).status === 'in-use' ? [] : [{ type: 'MasterDataReinstated', data: { facilityId, kind, code } }],
  },
};

/** One material, reason code, person or machine class of a plant. */
export const masterData: typeof rules = ofPlants(rules);
