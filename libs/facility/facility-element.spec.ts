import { folded } from '#platform/testing/folded';
import type { FacilityEvent } from './facility.events';
import { facilityElement } from './facility-element.view';

const registered: FacilityEvent = {
  type: 'FacilityRegistered',
  data: { facilityId: 'haifa', name: 'Haifa works', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'Asia/Jerusalem' },
};
const hall: FacilityEvent = {
  type: 'HierarchyElementAdded',
  data: { facilityId: 'haifa', elementId: 'haifa.hall', level: 'Area', parentId: 'haifa', name: 'Hall' },
};

describe('the hierarchy view', () => {
  test('shows the site with its enterprise, and elements below it', () => {
    expect(folded(facilityElement, ['facility-haifa', [registered, hall]])).toMatchObject({
      haifa: { level: 'Site', parentId: null, enterpriseId: 'acme', timeZone: 'Asia/Jerusalem', name: 'Haifa works', retired: false },
      'haifa.hall': { level: 'Area', parentId: 'haifa', facilityId: 'haifa', enterpriseId: null, retired: false },
    });
  });
  test('follows names, moves and retirement', () => {
    const rows = folded(facilityElement, [
      'facility-haifa',
      [
        registered,
        hall,
        { type: 'FacilityRenamed', data: { facilityId: 'haifa', from: 'Haifa works', to: 'North' } },
        { type: 'HierarchyElementRenamed', data: { facilityId: 'haifa', elementId: 'haifa.hall', from: 'Hall', to: 'Hall 1' } },
        {
          type: 'HierarchyElementMoved',
          data: { facilityId: 'haifa', elementId: 'haifa.hall', fromParentId: 'haifa', toParentId: 'haifa.x' },
        },
        { type: 'HierarchyElementRetired', data: { facilityId: 'haifa', elementId: 'haifa.hall' } },
      ],
    ]);
    expect(rows).toMatchObject({
      haifa: { name: 'North' },
      'haifa.hall': { name: 'Hall 1', parentId: 'haifa.x', retired: true, position: 600n },
    });
  });
});
