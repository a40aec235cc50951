import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { masterData } from './master-data';
import type { MasterDataEvent } from './master-data.events';
import { masterDataView } from './master-data.view';

const entry = { facilityId: 'haifa', kind: 'Material' as const, code: 'steel' };
const steel = { name: 'Steel', unit: 'kg' as const };
const registered: MasterDataEvent = { type: 'MasterDataRegistered', data: { ...entry, ...steel } };
const changed: MasterDataEvent = { type: 'MasterDataChanged', data: { ...entry, from: steel, to: { ...steel, name: 'S235' } } };
const retired: MasterDataEvent = { type: 'MasterDataRetired', data: entry };
const reinstated: MasterDataEvent = { type: 'MasterDataReinstated', data: entry };
const reason = 'as asked';

describe('master data', () => {
  test('is registered once', () => {
    given(masterData)
      .when('RegisterMasterData', { ...entry, ...steel })
      .then(registered);
    given(masterData, registered)
      .when('RegisterMasterData', { ...entry, ...steel })
      .changesNothing();
    given(masterData, registered)
      .when('RegisterMasterData', { ...entry, name: 'Brass' })
      .rejects('master-data-exists');
    given(masterData, registered, retired)
      .when('RegisterMasterData', { ...entry, ...steel })
      .rejects('master-data-exists');
  });
  test('is described otherwise; what is absent stays', () => {
    given(masterData, registered)
      .when('ChangeMasterData', { ...entry, name: 'S235' })
      .then(changed);
    given(masterData, registered, changed)
      .when('ChangeMasterData', { ...entry, name: 'S235' })
      .changesNothing();
    given(masterData)
      .when('ChangeMasterData', { ...entry, name: 'S235' })
      .rejects('master-data-unknown');
  });
  test('is retired and reinstated', () => {
    given(masterData, registered)
      .when('RetireMasterData', { ...entry, reason })
      .then(retired);
    given(masterData, registered, retired)
      .when('RetireMasterData', { ...entry, reason })
      .changesNothing();
    given(masterData, registered, retired)
      .when('ReinstateMasterData', { ...entry, reason })
      .then(reinstated);
    given(masterData)
      .when('RetireMasterData', { ...entry, reason })
      .rejects('master-data-unknown');
    const told = (...past: MasterDataEvent[]) => masterData.tells!(past.reduce(masterData.evolve, masterData.initial));
    expect([told(), told(registered), told(registered, retired)]).toEqual([null, { retired: false }, { retired: true }]);
  });
  test('of a machine class says which states its machines report', () => {
    const lathe = { facilityId: 'haifa', kind: 'EquipmentClass' as const, code: 'lathe', name: 'Lathes' };
    const known: MasterDataEvent = { type: 'MasterDataRegistered', data: { ...lathe, reportedStates: ['Execute', 'Idle'] } };
    given(masterData)
      .when('RegisterMasterData', { ...lathe, reportedStates: ['Idle', 'Execute', 'Idle'] })
      .then(known);
    given(masterData, known)
      .when('RegisterMasterData', { ...lathe, reportedStates: ['Idle', 'Execute'] })
      .changesNothing();
    given(masterData, known)
      .when('ChangeMasterData', { ...lathe, reportedStates: ['Idle'] })
      .then({
        type: 'MasterDataChanged',
        data: {
          ...entry,
          kind: 'EquipmentClass',
          code: 'lathe',
          from: { name: 'Lathes', reportedStates: ['Execute', 'Idle'] },
          to: { name: 'Lathes', reportedStates: ['Idle'] },
        },
      });
    given(masterData)
      .when('RegisterMasterData', { ...entry, name: 'Steel', reportedStates: ['Idle'] })
      .rejects('states-not-of-kind');
    expect(masterData.tells!(masterData.evolve(masterData.initial, known))).toEqual({
      retired: false,
      reportedStates: ['Execute', 'Idle'],
    });
    const rows = folded(masterDataView, ['master-data-haifa.EquipmentClass.lathe', [known]]);
    expect(rows['haifa.EquipmentClass.lathe']).toMatchObject({ reportedStates: ['Execute', 'Idle'] });
  });
  test('has its stream in its plant', () => expect(masterData.id({ ...entry, ...steel })).toBe('haifa.Material.steel'));
  test('is listed as it is now', () => {
    const rows = folded(masterDataView, ['master-data-haifa.Material.steel', [registered, changed, retired]]);
    expect(rows['haifa.Material.steel']).toMatchObject({
      kind: 'Material',
      code: 'steel',
      name: 'S235',
      unit: 'kg',
      retired: true,
      revision: 2n,
    });
  });
});
