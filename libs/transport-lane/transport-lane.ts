import type { Decider } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import { FACILITY_ID, facilityOf } from '#manufacturing/facility';
import { ofPlants, regardsFacilities, rejectUnknownFacilities } from '#manufacturing/references';
import type * as commands from './transport-lane.commands';
import type { LaneTerms, TransportLaneEvent } from './transport-lane.events';

export type TransportLane = Readonly<{ status: 'unknown' }> | Readonly<{ status: 'in-use' | 'retired'; terms: LaneTerms }>;

const sameTerms = (a: LaneTerms, b: LaneTerms): boolean =>
  a.transitHours === b.transitHours && a.costPerUnit === b.costPerUnit && a.unit === b.unit;

const destinationOf = (laneId: string): string => laneId.slice(facilityOf(laneId).length + 1);

/** The two plants that a lane's id names. @throws Rejected lane-id-malformed, lane-to-itself */
function ends(laneId: string): Readonly<{ laneId: string; fromFacilityId: string; toFacilityId: string }> {
  const [fromFacilityId, toFacilityId] = [facilityOf(laneId), destinationOf(laneId)];
  if (!FACILITY_ID.test(toFacilityId))
    throw new Rejected('lane-id-malformed', `\`laneId\` must be two facilities, e.g. lyon.haifa, was ${laneId}.`, { laneId });
  if (fromFacilityId === toFacilityId)
    throw new Rejected('lane-to-itself', `\`laneId\` must name two different facilities, was ${laneId}.`, { laneId });
  return { laneId, fromFacilityId, toFacilityId };
}

const rules: Decider<typeof commands, TransportLane, TransportLaneEvent> = {
  category: 'transport-lane',
  initial: { status: 'unknown' },
  id: ({ laneId }) => laneId,
  regards: (name, { laneId }) => (name === 'DefineLane' ? regardsFacilities(destinationOf(laneId as string)) : []),
  tells: (lane) => (lane.status === 'in-use' ? lane.terms : null),
  evolve: (lane, { type, data }) => {
    switch (type) {
      case 'LaneDefined': {
        const { transitHours, costPerUnit, unit } = data;
        return { status: 'in-use', terms: { transitHours, costPerUnit, unit } };
      }
      case 'LaneRetired':
        return lane.status === 'unknown' ? lane : { ...lane, status: 'retired' };
    }
  },
  decide: {
    DefineLane: ({ laneId, transitHours, costPerUnit, unit }, lane, context) => {
      const terms = { transitHours, costPerUnit, unit };
      if (lane.status === 'in-use' && sameTerms(lane.terms, terms)) return [];
      const of = ends(laneId);
      rejectUnknownFacilities(context, of.toFacilityId);
      return [{ type: 'LaneDefined', data: { ...of, ...terms } }];
    },
    RetireLane: ({ laneId, reason }, lane) => {
      if (lane.status === 'unknown') throw new Rejected('lane-unknown', `Unknown lane ${laneId}. Define it first.`, { laneId });
      return lane.status === 'retired' ? [] : [{ type: 'LaneRetired', data: { ...ends(laneId), reason } }];
    },
  },
};

/** A way from one plant to another: transit time and freight. */
export const transportLane: typeof rules = ofPlants(rules);
