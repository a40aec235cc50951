import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { transportLane } from './transport-lane';
import type { TransportLaneEvent } from './transport-lane.events';
import { transportLaneView } from './transport-lane.view';

const laneId = 'lyon.haifa';
const ends = { laneId, fromFacilityId: 'lyon', toFacilityId: 'haifa' };
const terms = { transitHours: 48, costPerUnit: '1.5', unit: 'pcs' as const };
const reason = 'road closed';
const defined: TransportLaneEvent = { type: 'LaneDefined', data: { ...ends, ...terms } };
const dearer: TransportLaneEvent = { type: 'LaneDefined', data: { ...ends, ...terms, costPerUnit: '2' } };
const retired: TransportLaneEvent = { type: 'LaneRetired', data: { ...ends, reason } };
const define = { laneId, ...terms };

describe('a lane', () => {
  test('is defined, and its terms are replaced', () => {
    given(transportLane).when('DefineLane', define).then(defined);
    given(transportLane, defined).when('DefineLane', define).changesNothing();
    given(transportLane, defined)
      .when('DefineLane', { ...define, costPerUnit: '2' })
      .then(dearer);
  });
  test('leads to another facility', () => {
    given(transportLane)
      .when('DefineLane', { ...define, laneId: 'lyon.lyon' })
      .rejects('lane-to-itself');
    given(transportLane)
      .when('DefineLane', { ...define, laneId: 'lyon.M4-x' })
      .rejects('lane-id-malformed');
  });
  test('is retired, and defined again', () => {
    given(transportLane, defined).when('RetireLane', { laneId, reason }).then(retired);
    given(transportLane, defined, retired).when('RetireLane', { laneId, reason }).changesNothing();
    given(transportLane, defined, retired).when('DefineLane', define).then(defined);
    given(transportLane).when('RetireLane', { laneId, reason }).rejects('lane-unknown');
  });
  test('tells its terms while it is in use', () => {
    const told = (...past: TransportLaneEvent[]) => transportLane.tells!(past.reduce(transportLane.evolve, transportLane.initial));
    expect([told(), told(defined, dearer), told(defined, retired)]).toEqual([null, { ...terms, costPerUnit: '2' }, null]);
  });
  test('is listed with its terms', () => {
    const rows = folded(transportLaneView, ['transport-lane-lyon.haifa', [defined, dearer, retired]]);
    expect(rows[laneId]).toMatchObject({ facilityId: 'lyon', toFacilityId: 'haifa', costPerUnit: '2', retired: true, revision: 2n });
  });
});
