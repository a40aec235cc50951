import * as fc from 'fast-check';
import { given } from '#platform/testing/given';
import { facility } from './facility';
import { type FacilityEvent, type FacilityRegistered, HierarchyLevel } from './facility.events';

const registration = { facilityId: 'haifa', name: 'Haifa works', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'Asia/Jerusalem' };
const registered: FacilityRegistered = { type: 'FacilityRegistered', data: registration };
const added = (local: string, level: HierarchyLevel, parent?: string): FacilityEvent => ({
  type: 'HierarchyElementAdded',
  data: { facilityId: 'haifa', elementId: `haifa.${local}`, level, parentId: parent ? `haifa.${parent}` : 'haifa', name: local },
});
const retired = (local: string): FacilityEvent => ({
  type: 'HierarchyElementRetired',
  data: { facilityId: 'haifa', elementId: `haifa.${local}` },
});
const hall = added('hall', 'Area');
const line = added('line', 'ProductionLine', 'hall');
const cell = added('cell', 'WorkCell', 'line');
const plant = [registered, hall, line, cell];

describe('an unknown facility', () => {
  test('is registered with its enterprise and time zone', () => {
    given(facility).when('RegisterFacility', registration).then(registered);
  });
  test('needs a valid time zone', () => {
    for (const timeZone of ['Mars/Olympus', '+02:00', 'asia/jerusalem', 'Jerusalem'])
      given(facility)
        .when('RegisterFacility', { ...registration, timeZone })
        .rejects('no-such-time-zone');
  });
  test('has no elements', () => {
    given(facility).when('AddHierarchyElement', { elementId: 'haifa.hall', level: 'Area', name: 'Hall' }).rejects('facility-unknown');
    given(facility).when('RenameFacility', { facilityId: 'haifa', name: 'x' }).rejects('facility-unknown');
    given(facility).when('RetireHierarchyElement', { elementId: 'haifa.hall' }).rejects('facility-unknown');
  });
});

describe('a registered facility', () => {
  test('is registered once', () => {
    given(facility, registered).when('RegisterFacility', registration).changesNothing();
    given(facility, registered)
      .when('RegisterFacility', { ...registration, timeZone: 'UTC' })
      .rejects('facility-already-registered');
  });
  test('can be renamed', () => {
    given(facility, registered)
      .when('RenameFacility', { facilityId: 'haifa', name: 'North' })
      .then({ type: 'FacilityRenamed', data: { facilityId: 'haifa', from: 'Haifa works', to: 'North' } });
    given(facility, registered).when('RenameFacility', { facilityId: 'haifa', name: 'Haifa works' }).changesNothing();
  });
  test('accepts areas below the site', () => {
    given(facility, registered).when('AddHierarchyElement', { elementId: 'haifa.hall', level: 'Area', name: 'hall' }).then(hall);
  });
  test('accepts work centers below areas, and work units below their kind of work center', () => {
    given(facility, registered, hall)
      .when('AddHierarchyElement', { elementId: 'haifa.line', level: 'ProductionLine', parentId: 'haifa.hall', name: 'line' })
      .then(line);
    given(facility, registered, hall, line)
      .when('AddHierarchyElement', { elementId: 'haifa.cell', level: 'WorkCell', parentId: 'haifa.line', name: 'cell' })
      .then(cell);
  });
  test('adds an element once, and no other one under its id', () => {
    given(facility, registered, hall)
      .when('AddHierarchyElement', { elementId: 'haifa.hall', level: 'Area', name: 'hall' })
      .changesNothing();
    given(facility, registered, hall)
      .when('AddHierarchyElement', { elementId: 'haifa.hall', level: 'Area', name: 'other' })
      .rejects('element-already-exists');
    given(facility, registered, hall, retired('hall'))
      .when('AddHierarchyElement', { elementId: 'haifa.hall', level: 'Area', name: 'hall' })
      .rejects('element-already-exists');
  });
  test('refuses parents that are unknown, retired or of another plant', () => {
    const add = (parentId: string) => ({ elementId: 'haifa.x', level: 'ProductionLine', parentId, name: 'x' }) as const;
    given(facility, registered).when('AddHierarchyElement', add('haifa.nowhere')).rejects('no-such-parent');
    given(facility, registered, hall, retired('hall')).when('AddHierarchyElement', add('haifa.hall')).rejects('parent-retired');
    given(facility, registered).when('AddHierarchyElement', add('lyon.hall')).rejects('wrong-facility');
  });
  test('refuses every nesting but the nine legal pairs of levels', () => {
    const legal = new Set([
      'Site>Area',
      'Area>ProcessCell',
      'Area>ProductionUnit',
      'Area>ProductionLine',
      'Area>StorageZone',
      'ProcessCell>Unit',
      'ProductionUnit>Unit',
      'ProductionLine>WorkCell',
      'StorageZone>StorageUnit',
    ]);
    const chains: Partial<Record<HierarchyLevel, FacilityEvent[]>> = { Site: [], Area: [added('Area', 'Area')] };
    for (const center of ['ProcessCell', 'ProductionUnit', 'ProductionLine', 'StorageZone'] as const)
      chains[center] = [...chains.Area!, added(center, center, 'Area')];
    chains.Unit = [...chains.ProcessCell!, added('Unit', 'Unit', 'ProcessCell')];
    chains.WorkCell = [...chains.ProductionLine!, added('WorkCell', 'WorkCell', 'ProductionLine')];
    chains.StorageUnit = [...chains.StorageZone!, added('StorageUnit', 'StorageUnit', 'StorageZone')];
    for (const [above, past] of Object.entries(chains))
      for (const level of Object.values(HierarchyLevel)) {
        const parent = above === 'Site' ? undefined : above;
        const adding = given(facility, registered, ...past).when('AddHierarchyElement', {
          elementId: 'haifa.new',
          level,
          parentId: parent && `haifa.${parent}`,
          name: 'new',
        });
        if (!legal.delete(`${above}>${level}`)) adding.rejects('level-not-allowed-here');
        else adding.then(added('new', level, parent));
      }
    expect([...legal]).toEqual([]);
  });
  test('moves an element with all below it', () => {
    given(facility, ...plant, added('annex', 'Area'))
      .when('MoveHierarchyElement', { elementId: 'haifa.line', parentId: 'haifa.annex' })
      .then({
        type: 'HierarchyElementMoved',
        data: { facilityId: 'haifa', elementId: 'haifa.line', fromParentId: 'haifa.hall', toParentId: 'haifa.annex' },
      });
    given(facility, ...plant)
      .when('MoveHierarchyElement', { elementId: 'haifa.line', parentId: 'haifa.hall' })
      .changesNothing();
    given(facility, ...plant)
      .when('MoveHierarchyElement', { elementId: 'haifa.hall' })
      .changesNothing();
  });
  test('refuses a move into a cycle, past a level, to another plant, or of an unknown element', () => {
    given(facility, ...plant)
      .when('MoveHierarchyElement', { elementId: 'haifa.hall', parentId: 'haifa.hall' })
      .rejects('hierarchy-cycle');
    given(facility, ...plant)
      .when('MoveHierarchyElement', { elementId: 'haifa.hall', parentId: 'haifa.cell' })
      .rejects('hierarchy-cycle');
    given(facility, ...plant)
      .when('MoveHierarchyElement', { elementId: 'haifa.cell', parentId: 'haifa.hall' })
      .rejects('level-not-allowed-here');
    given(facility, ...plant)
      .when('MoveHierarchyElement', { elementId: 'haifa.cell' })
      .rejects('level-not-allowed-here');
    given(facility, ...plant)
      .when('MoveHierarchyElement', { elementId: 'haifa.line', parentId: 'lyon.hall' })
      .rejects('wrong-facility');
    given(facility, ...plant)
      .when('MoveHierarchyElement', { elementId: 'haifa.nowhere', parentId: 'haifa.hall' })
      .rejects('no-such-element');
    given(facility, ...plant, retired('cell'))
      .when('MoveHierarchyElement', { elementId: 'haifa.cell', parentId: 'haifa.line' })
      .rejects('element-retired');
  });
  test('renames an element', () => {
    given(facility, ...plant)
      .when('RenameHierarchyElement', { elementId: 'haifa.line', name: 'Line 1' })
      .then({ type: 'HierarchyElementRenamed', data: { facilityId: 'haifa', elementId: 'haifa.line', from: 'line', to: 'Line 1' } });
    given(facility, ...plant)
      .when('RenameHierarchyElement', { elementId: 'haifa.line', name: 'line' })
      .changesNothing();
  });
  test('retires an element once, and only when no element below is in use', () => {
    given(facility, ...plant)
      .when('RetireHierarchyElement', { elementId: 'haifa.cell' })
      .then(retired('cell'));
    given(facility, ...plant, retired('cell'))
      .when('RetireHierarchyElement', { elementId: 'haifa.cell' })
      .changesNothing();
    given(facility, ...plant)
      .when('RetireHierarchyElement', { elementId: 'haifa.line' })
      .rejects('element-has-elements-below');
    given(facility, ...plant, retired('cell'))
      .when('RetireHierarchyElement', { elementId: 'haifa.line' })
      .then(retired('line'));
  });
});

test('every command goes to the stream of its site', () => {
  expect(facility.id({ facilityId: 'haifa', name: 'x' })).toBe('haifa');
  expect(facility.id({ elementId: 'haifa.cell' })).toBe('haifa');
});

describe('any sequence of facility commands', () => {
  const local = fc.constantFrom('a', 'b', 'c', 'd');
  const element = local.map((name) => `haifa.${name}`);
  const name = fc.constantFrom('x', 'y');
  const step = fc.oneof(
    fc
      .record({
        elementId: element,
        level: fc.constantFrom(...Object.values(HierarchyLevel)),
        parentId: fc.option(element, { nil: undefined }),
        name,
      })
      .map((data) => ({ type: 'AddHierarchyElement' as const, data })),
    fc
      .record({ elementId: element, parentId: fc.option(element, { nil: undefined }) })
      .map((data) => ({ type: 'MoveHierarchyElement' as const, data })),
    fc.record({ elementId: element, name }).map((data) => ({ type: 'RenameHierarchyElement' as const, data })),
    fc.record({ elementId: element }).map((data) => ({ type: 'RetireHierarchyElement' as const, data })),
  );
  test('the hierarchy stays a tree under its site, and a repeated command changes nothing or is refused', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let site = facility.evolve(facility.initial, registered);
        const context = { now: '', occurredAt: '', actor: 'ann', role: 'engineer', commandId: 'c' };
        for (const { type, data } of steps) {
          const run = () => (facility.decide[type] as (...input: unknown[]) => readonly FacilityEvent[])(data, site, context);
          try {
            site = run().reduce(facility.evolve, site);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Rejected' });
            continue;
          }
          try {
            expect(run()).toEqual([]);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Rejected' });
          }
          if (site.status === 'unknown') throw new Error('it is registered');
          for (const start of Object.keys(site.elements)) {
            let steps = 0;
            for (let id: string | undefined = start; id !== 'haifa'; id = site.elements[id]!.parentId)
              expect((steps += 1)).toBeLessThanOrEqual(3);
          }
        }
      }),
    );
  });
});
