import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { workMaster } from './work-master';
import type { WorkMasterEvent } from './work-master.events';
import { workMasterView } from './work-master.view';

const of = { workMasterId: 'corp.pump', version: '1' };
const facilities = [{ facilityId: 'lyon', capacityId: 'lyon.cell', minutesPerUnit: '1.5', setupMinutes: 30, costPerUnit: '12' }];
const definition = {
  product: 'pump',
  unit: 'pcs' as const,
  operations: [{ operationId: '10', name: 'Assemble', sequence: 10, idealCycleSeconds: '75' }],
  materials: [{ materialId: 'bearing', quantityPerUnit: '2', unit: 'pcs' as const }],
  facilities,
};
const draft = { ...of, ...definition };
const drafted = (author: string, version = '1'): WorkMasterEvent => ({ type: 'WorkMasterDrafted', data: { ...draft, version, author } });
const approved = (version = '1', replaces?: string): WorkMasterEvent => ({
  type: 'WorkMasterApproved',
  data: { ...of, version, approvedBy: 'ann', ...(replaces === undefined ? {} : { replaces }) },
});

describe('a version', () => {
  test('is drafted, and approved by another person', () => {
    given(workMaster).when('DraftWorkMaster', draft).then(drafted('ann'));
    given(workMaster, drafted('ann')).when('DraftWorkMaster', draft).changesNothing();
    given(workMaster, drafted('bob')).when('ApproveWorkMaster', of).then(approved());
    given(workMaster, drafted('ann')).when('ApproveWorkMaster', of).rejects('four-eyes');
    given(workMaster).when('ApproveWorkMaster', of).rejects('version-unknown');
  });
  test('that is approved stays, until another replaces it', () => {
    given(workMaster, drafted('bob'), approved()).when('DraftWorkMaster', draft).rejects('version-approved');
    given(workMaster, drafted('bob'), approved(), drafted('bob', '2'), approved('2', '1'))
      .when('DraftWorkMaster', draft)
      .rejects('version-approved');
    given(workMaster, drafted('bob'), approved(), { type: 'WorkMasterRetired', data: { ...of, reason: 'x' } })
      .when('DraftWorkMaster', draft)
      .rejects('version-approved');
    given(workMaster, drafted('bob'), approved(), drafted('bob', '2'))
      .when('ApproveWorkMaster', { ...of, version: '2' })
      .then(approved('2', '1'));
  });
  test('is retired', () => {
    const retired: WorkMasterEvent = { type: 'WorkMasterRetired', data: { ...of, reason: 'replaced by p14' } };
    given(workMaster, drafted('bob'), approved())
      .when('RetireWorkMaster', { ...of, reason: 'replaced by p14' })
      .then(retired);
    given(workMaster, drafted('bob'), approved(), retired)
      .when('RetireWorkMaster', { ...of, reason: 'x' })
      .changesNothing();
    given(workMaster, drafted('bob'), approved())
      .when('RetireWorkMaster', { ...of, version: '7', reason: 'x' })
      .rejects('version-unknown');
  });
  test.each([
    ['of another product than its id says', { product: 'valve' }, 'wrong-product'],
    ['with a material twice', { materials: [1, 2].map((n) => ({ materialId: 'bearing', quantityPerUnit: `${n}` })) }, 'named-twice'],
    ['with a plant twice', { facilities: [...facilities, ...facilities] }, 'named-twice'],
    ['with the capacity of another plant', { facilities: [{ ...facilities[0]!, capacityId: 'haifa.cell' }] }, 'wrong-facility'],
    ['with half a piece as its batch', { facilities: [{ ...facilities[0]!, minBatch: '0.5' }] }, 'fraction-of-piece'],
    ['without minutes', { facilities: [{ ...facilities[0]!, minutesPerUnit: '0' }] }, 'quantity-not-positive'],
  ])('%s is refused', (_, changes, code) =>
    given(workMaster)
      .when('DraftWorkMaster', { ...draft, ...changes })
      .rejects(code),
  );
});

test('plans are told the approved version', () => {
  const told = (...past: WorkMasterEvent[]) => workMaster.tells!(past.reduce(workMaster.evolve, workMaster.initial));
  expect(told(drafted('bob'))).toBeNull();
  expect(told(drafted('bob'), approved())).toEqual({ ...definition, version: '1' });
});

test('versions are listed with what became of them', () => {
  const rows = folded(workMasterView, [
    'work-master-corp.pump',
    [
      drafted('bob'),
      approved(),
      drafted('bob', '2'),
      approved('2', '1'),
      { type: 'WorkMasterRetired', data: { ...of, version: '2', reason: 'x' } },
    ],
  ]);
  expect(Object.values(rows)).toMatchObject([
    { version: '1', status: 'Replaced', approvedBy: 'ann', author: 'bob' },
    { version: '2', status: 'Retired' },
  ]);
});
