import { given } from '#platform/testing/given';
import { equipment } from '#equipment/equipment';
import { facility } from '#facility/facility';
import type { FacilityEvent } from '#facility/facility.events';
import { masterData } from '#master-data/master-data';
import { materialLot } from '#material-lot/material-lot';
import { productionOrder } from '#production-order/production-order';
import { workOrder } from '#work-order/work-order';
import { allowed, released, release, report, running, workOrderId } from '#work-order/work-order-pasts';
import { type FacilityTold, isFirstOfKind, type ReferenceKind } from '#manufacturing/references';

const checks = (...kinds: ReferenceKind[]): FacilityTold => ({ checks: Object.fromEntries(kinds.map((kind) => [kind, true])) });
/** A plant that checks those kinds and knows nothing of what is named, except what is told. */
const plant = (kind: ReferenceKind, stream: string, told: unknown = null) => ({
  regarded: { 'facility-haifa': checks(kind), [stream]: told },
});
const kg = (amount: string) => ({ amount, unit: 'kg' as const });
const lotId = 'haifa.L1';
const received = materialLot.decide.ReceiveLot({ lotId, materialId: 'steel', quantity: kg('10') }, materialLot.initial, {
  now: '2026-01-05T08:00:00.000Z',
  occurredAt: '2026-01-05T08:00:00.000Z',
  actor: 'ann',
  role: 'operator',
  commandId: 'c',
});

describe('a command that refers to what the plant does not know is refused', () => {
  const M4 = 'equipment-haifa.M4';
  const W1 = 'work-order-haifa.W1';
  test('a machine', () => {
    given(workOrder, released, allowed)
      .when('StartWorkOrder', { workOrderId }, plant('Equipment', M4))
      .then(expect.anything(), expect.anything());
    given(workOrder, released, allowed)
      .when('StartWorkOrder', { workOrderId, equipmentId: 'haifa.M4' }, plant('Equipment', M4))
      .rejects('equipment-unknown');
    given(workOrder).when('ReleaseWorkOrder', release, plant('Equipment', M4)).rejects('equipment-unknown');
    given(workOrder, ...running)
      .when('ReportProduction', report, plant('Equipment', M4))
      .rejects('equipment-unknown');
  });
  test('a work order', () => {
    const bare = { lotId, workOrderId: 'haifa.W1', quantity: kg('1') };
    given(materialLot, ...received)
      .when('ConsumeLot', bare, plant('WorkOrder', W1))
      .rejects('work-order-unknown');
    given(materialLot, ...received)
      .when('ReserveLot', { ...bare, reservationId: 'R' }, plant('WorkOrder', W1))
      .rejects('work-order-unknown');
    given(materialLot)
      .when('ProduceLot', { ...bare, materialId: 'steel' }, plant('WorkOrder', W1))
      .rejects('work-order-unknown');
  });
  test('a material, in use or not', () => {
    const steel = 'master-data-haifa.Material.steel';
    const lot = { lotId, materialId: 'steel', quantity: kg('10') };
    given(materialLot).when('ReceiveLot', lot, plant('Material', steel)).rejects('material-unknown');
    given(materialLot)
      .when('ReceiveLot', lot, plant('Material', steel, { retired: true }))
      .rejects('material-retired');
    given(materialLot)
      .when('ReceiveLot', lot, plant('Material', steel, { retired: false }))
      .then(...received);
    given(productionOrder)
      .when(
        'CreateProductionOrder',
        { productionOrderId: 'haifa.P1', product: 'steel', quantity: kg('1'), due: '2026-02-01T00:00:00Z' },
        plant('Material', steel),
      )
      .rejects('material-unknown');
  });
  test('a machine class', () => {
    const lathe = 'master-data-haifa.EquipmentClass.lathe';
    const register = { equipmentId: 'haifa.M4', name: 'Lathe', equipmentClass: 'lathe' };
    given(equipment).when('RegisterEquipment', register, plant('EquipmentClass', lathe)).rejects('equipment-class-unknown');
    given(equipment)
      .when('RegisterEquipment', register, plant('EquipmentClass', lathe, { retired: true }))
      .rejects('equipment-class-retired');
    given(equipment)
      .when('RegisterEquipment', register, plant('EquipmentClass', lathe, { retired: false }))
      .then(expect.objectContaining({ type: 'EquipmentRegistered' }));
  });
  test('a reason code', () => {
    const scrap = { ...report, scrap: [{ quantity: '1', reasonCode: 'dull' }] };
    const dull = 'master-data-haifa.ReasonCode.dull';
    given(workOrder, ...running)
      .when('ReportProduction', scrap, plant('ReasonCode', dull))
      .rejects('reason-code-unknown');
    given(materialLot, ...received)
      .when('ScrapLot', { lotId, quantity: kg('1'), reasonCode: 'dull' }, plant('ReasonCode', dull))
      .rejects('reason-code-unknown');
  });
  test('a person, and a production order where the plant checks those', () => {
    const ben = { workOrderId, person: 'ben' };
    given(workOrder, released, allowed)
      .when('StartWorkOrder', ben, plant('Person', 'master-data-haifa.Person.ben'))
      .rejects('person-unknown');
    given(workOrder)
      .when('ReleaseWorkOrder', { ...release, productionOrderId: 'haifa.P1' }, plant('ProductionOrder', 'production-order-haifa.P1'))
      .rejects('production-order-unknown');
  });
  test('but not where the plant keeps none of the kind, or switched the check off', () => {
    const lot = { lotId, materialId: 'steel', quantity: kg('10') };
    for (const told of [{ checks: {} }, { checks: { Material: false } }, null])
      given(materialLot)
        .when('ReceiveLot', lot, { regarded: { 'facility-haifa': told, 'master-data-haifa.Material.steel': null } })
        .then(...received);
  });
  test('and one that comes again gets its answer', () => {
    given(materialLot, ...received)
      .when('ReceiveLot', { lotId, materialId: 'steel', quantity: kg('10') }, plant('Material', 'master-data-haifa.Material.steel'))
      .changesNothing();
  });
});

test('a fact that names what the plant does not know is recorded and flagged', () => {
  const context = { now: '2026-01-05T08:30:00Z', occurredAt: '2026-01-05T07:00:00Z', actor: 'm4', role: 'device', commandId: 'c' };
  const state = running.reduce(workOrder.evolve, workOrder.initial);
  const scrap = [{ quantity: '1', reasonCode: 'dull' }];
  const told = plant('ReasonCode', 'master-data-haifa.ReasonCode.dull');
  const found = workOrder.decide.ObserveProduction({ ...report, kind: 'Production', scrap }, state, { ...context, ...told });
  expect(found.map(({ type }) => type)).toEqual(['ProductionObserved', 'UnknownReferenceDetected']);
  expect(found[1]!.data).toEqual({ workOrderId, reportId: 'r1', kind: 'ReasonCode', id: 'dull' });
  expect(workOrder.exceptions).toContain('UnknownReferenceDetected');
  const counted = workOrder.decide.ReportCounter(
    { workOrderId, counterId: 'c1', operationId: '10', equipmentId: 'haifa.M4', raw: '10' },
    state,
    { ...context, ...plant('Equipment', 'equipment-haifa.M4') },
  );
  expect(counted.map(({ type }) => type)).toEqual(['CounterRead', 'UnknownReferenceDetected']);
});

describe('the check of a kind is switched on', () => {
  const at = { 'facility-haifa': { checks: {} } };
  const entry = { facilityId: 'haifa', kind: 'Material' as const, code: 'steel', name: 'Steel', unit: 'kg' as const };
  test('by the first thing of the kind in a registered plant', () => {
    given(masterData)
      .when('RegisterMasterData', entry, { regarded: at })
      .then({ type: 'MasterDataRegistered', data: { ...entry, firstOfKind: true } });
    given(masterData).when('RegisterMasterData', entry).then({ type: 'MasterDataRegistered', data: entry });
    expect(isFirstOfKind({ regarded: { 'facility-haifa': checks('Material') } }, 'haifa', 'Material')).toBe(false);
    expect(isFirstOfKind({ regarded: { 'facility-haifa': { checks: { Material: false } } } }, 'haifa', 'Material')).toBe(false);
    const machine = { equipmentId: 'haifa.M4', name: 'M4', equipmentClass: 'mill' };
    const first = equipment.decide.RegisterEquipment(machine, equipment.initial, {
      now: '',
      occurredAt: '',
      actor: 'a',
      role: 'engineer',
      commandId: 'c',
      regarded: at,
    });
    expect(first[0]!.data).toMatchObject({ firstOfKind: true });
    given(equipment, ...first)
      .when('RegisterEquipment', machine)
      .changesNothing();
    given(workOrder)
      .when('ReleaseWorkOrder', release, { regarded: at })
      .then({ ...released, data: { ...released.data, releasedAt: expect.any(String) as never, firstOfKind: true } });
  });
  test('or by an engineer, who may switch it off for good', () => {
    const registered: FacilityEvent = {
      type: 'FacilityRegistered',
      data: { facilityId: 'haifa', name: 'Haifa', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'Asia/Jerusalem' },
    };
    const set = (on: boolean): FacilityEvent => ({ type: 'ReferenceCheckSet', data: { facilityId: 'haifa', kind: 'Material', on } });
    const ask = { facilityId: 'haifa', kind: 'Material' as const };
    given(facility, registered)
      .when('CheckReferences', { ...ask, on: true, unlessDecided: true })
      .then(set(true));
    given(facility, registered, set(true))
      .when('CheckReferences', { ...ask, on: false })
      .then(set(false));
    given(facility, registered, set(false))
      .when('CheckReferences', { ...ask, on: true, unlessDecided: true })
      .changesNothing();
    given(facility, registered, set(false))
      .when('CheckReferences', { ...ask, on: false })
      .changesNothing();
    given(facility)
      .when('CheckReferences', { ...ask, on: true })
      .rejects('facility-unknown');
    expect(facility.tells!([registered, set(true)].reduce(facility.evolve, facility.initial))).toEqual(checks('Material'));
  });
});
