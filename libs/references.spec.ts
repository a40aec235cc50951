import { digestOf } from '#platform/commands/digest';
import { given } from '#platform/testing/given';
import { inputClassOf } from '#platform/commands/fields';
import { commandClasses, type AnyDecider } from '#platform/commands/registry';
import { shiftCalendar } from '#shift-calendar/shift-calendar';
import { Weekday } from '#manufacturing/shifts';
import { transportLane } from '#transport-lane/transport-lane';
import { workMaster } from '#work-master/work-master';
import { slices } from './slices-under-test';
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
  digestOf,
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
  test('a place, once the plant has some', () => {
    const hall = { 'facility-haifa': { checks: {}, elements: { 'haifa.hall': { retired: false }, 'haifa.old': { retired: true } } } };
    const none = { 'facility-haifa': { checks: {}, elements: {} } };
    const at = (elementId: string) => ({ equipmentId: 'haifa.M4', name: 'Lathe', equipmentClass: 'lathe', elementId });
    given(equipment).when('RegisterEquipment', at('haifa.attic'), { regarded: hall }).rejects('element-unknown');
    given(equipment).when('RegisterEquipment', at('haifa.old'), { regarded: hall }).rejects('element-retired');
    given(equipment).when('RegisterEquipment', at('haifa.constructor'), { regarded: hall }).rejects('element-unknown');
    for (const [elementId, regarded] of [['haifa.hall', hall] as const, ['haifa.attic', none] as const])
      given(equipment)
        .when('RegisterEquipment', at(elementId), { regarded })
        .then(expect.objectContaining({ type: 'EquipmentRegistered' }));
    const lot = { lotId, materialId: 'steel', quantity: kg('10'), locationId: 'haifa.attic' };
    given(materialLot).when('ReceiveLot', lot, { regarded: hall }).rejects('element-unknown');
    given(materialLot)
      .when('ProduceLot', { ...lot, workOrderId: 'haifa.W1' }, { regarded: hall })
      .rejects('element-unknown');
    given(materialLot, ...received)
      .when('MoveLot', { lotId, locationId: 'haifa.attic' }, { regarded: hall })
      .rejects('element-unknown');
  });
  test('the plant itself, when something comes into being there', () => {
    const nowhere = { regarded: { 'facility-haifa': null } };
    const register = { equipmentId: 'haifa.M4', name: 'Lathe', equipmentClass: 'lathe' };
    given(equipment).when('RegisterEquipment', register, nowhere).rejects('facility-unknown');
    given(workOrder).when('ReleaseWorkOrder', release, nowhere).rejects('facility-unknown');
    given(materialLot)
      .when('ReceiveLot', { lotId, materialId: 'steel', quantity: kg('10') }, nowhere)
      .rejects('facility-unknown');
    const shifts = [{ shift: 'Early', startsAt: '06:00', endsAt: '14:00', weekdays: [Weekday.Monday] }];
    given(shiftCalendar)
      .when('PublishCalendarVersion', { calendarId: 'haifa.L1', timeZone: 'Asia/Jerusalem', effectiveFrom: '2026-01-01', shifts }, nowhere)
      .rejects('facility-unknown');
    given(materialLot, ...received)
      .when('MoveLot', { lotId, locationId: 'haifa.S1' }, nowhere)
      .then(expect.objectContaining({ type: 'LotMoved' }));
  });
  test('another plant', () => {
    const terms = { laneId: 'haifa.mars', transitHours: 4, costPerUnit: '1', unit: 'pcs' as const };
    given(transportLane)
      .when('DefineLane', terms, { regarded: { 'facility-mars': null } })
      .rejects('facility-unknown');
    const operations = [{ operationId: '10', name: 'Turn', sequence: 1 }];
    const facilities = [{ facilityId: 'mars', capacityId: 'mars.cell', minutesPerUnit: '1', costPerUnit: '1' }];
    given(workMaster)
      .when(
        'DraftWorkMaster',
        { workMasterId: 'acme.flange', version: '1', product: 'flange', unit: 'pcs', operations, facilities },
        { regarded: { 'facility-mars': null } },
      )
      .rejects('facility-unknown');
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
    for (const told of [{ checks: {} }, { checks: { Material: false } }])
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
  const context = {
    now: '2026-01-05T08:30:00Z',
    occurredAt: '2026-01-05T07:00:00Z',
    actor: 'm4',
    role: 'device',
    commandId: 'c',
    digestOf,
  };
  const state = running.reduce(workOrder.evolve, workOrder.initial);
  const scrap = [{ quantity: '1', reasonCode: 'dull' }];
  const told = plant('ReasonCode', 'master-data-haifa.ReasonCode.dull');
  const found = workOrder.decide.ObserveProduction({ ...report, kind: 'Production', scrap }, state, { ...context, ...told });
  expect(found.map(({ type }) => type)).toEqual(['ProductionObserved', 'UnknownReferenceDetected']);
  expect(found[1]!.data).toEqual({ workOrderId, reportId: 'r1', kind: 'ReasonCode', id: 'dull' });
  expect(workOrder.exceptions).toContain('UnknownReferenceDetected');
  const nowhere = { regarded: { 'facility-haifa': null } };
  const first = workOrder.decide.ObserveProduction({ ...report, kind: 'Production' }, workOrder.initial, { ...context, ...nowhere });
  expect(first.at(-1)).toEqual({ type: 'UnknownReferenceDetected', data: { workOrderId, reportId: 'r1', kind: 'Facility', id: 'haifa' } });
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
      digestOf,
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
    expect(facility.tells!([registered, set(true)].reduce(facility.evolve, facility.initial))).toEqual({
      ...checks('Material'),
      elements: {},
    });
  });
});

/** Fields that name something of another stream: ids, and codes of master data. */
const NAMES_SOMETHING =
  /(^|\.)(\w+Ids?|ancestors|person|product|reasonCode|equipmentClass|customer|customerRef|assignee|heldFor|shipTo|about|excluded)$/;

/** Why a reference is not looked up, by field, or by command and field. */
const FREE: Readonly<Record<string, string>> = {
  commandId: 'of the command itself',
  reportId: 'a name that the sender gives',
  replacementReportId: 'a name that the sender gives',
  counterId: 'a name that the sender gives',
  stopId: 'of the machine itself',
  operationId: 'of the order itself',
  'operations.operationId': 'of the order itself',
  directiveId: 'of the system that plans',
  heldFor: 'a hold of the order itself',
  deliveryId: 'of the lot itself',
  productionId: 'of the lot itself',
  consumptionId: 'of the lot itself',
  reversalId: 'of the lot itself',
  holdId: 'of the lot itself',
  scrapId: 'of the lot itself',
  returnId: 'of the lot or transfer itself',
  adjustmentId: 'of the lot itself',
  countId: 'of the lot itself',
  backId: 'of the lot itself',
  receiptId: 'of the transfer itself',
  lossId: 'of the transfer itself',
  refusalId: 'of the transfer itself',
  reservationId: 'of the lot or capacity itself',
  blockId: 'of the capacity itself',
  enterpriseId: 'the enterprise is known by its plants',
  supplierId: 'suppliers have no master data',
  customer: 'customers have no master data',
  customerRef: 'the number of an order in another system',
  'facilities.onlyFor.customer': 'customers have no master data',
  'facilities.neverFor.customer': 'customers have no master data',
  assignee: 'people who decide are known by their tokens',
  'RequestDecision.about': 'a decision may be about anything',
  'MergeLot.intoLotId': 'a process asks the other lot, which may refuse; then the merge is undone',
  'UndoMerge.intoLotId': 'of the lot itself',
  'SplitLot.childLotId': 'the lot that comes into being',
  'UndoSplit.childLotId': 'of the lot itself',
  'LinkWorkOrder.workOrderId': 'an order is linked before it is released; its leg waits for it',
  'UnlinkWorkOrder.workOrderId': 'a leg of the order itself',
  'DetachWorkOrder.productionOrderId': 'of the order itself',
  'UnassignEquipment.workOrderId': 'of the machine itself',
  'UnreserveLot.workOrderId': 'of the lot itself',
  'PlanTransfer.items.lotId': 'a plan; what is shipped is looked up',
  'PickTransfer.items.lotId': 'a process asks the lot, which may refuse; then the pick is undone',
  'PickTransfer.items.materialId': 'must be as planned',
  'PlanTransfer.customerOrderId': 'an order of the enterprise, which the plant need not know',
  'ReserveCapacity.customerOrderId': 'an order of the enterprise, which the plant need not know',
  'DraftWorkMaster.operations.equipmentClass': 'plants have classes of their own',
  'DraftWorkMaster.materials.materialId': 'plants have materials of their own',
  'DraftWorkMaster.product': 'as in its id',
  'DraftWorkMaster.facilities.capacityId': 'a plan says where there is no capacity',
  'PlaceCustomerOrder.shipTo': 'looked up',
  'ProposeAllocation.excluded': 'a plant to leave out',
  'ProposeAllocation.shipTo': 'from an order that was accepted',
  'ProposeAllocation.customerOrderId': 'from an order that was accepted, or a trial',
  'ProposeAllocation.batch.legs.facilityId': 'a plant of the work master, which the planner found',
  'ReceiveInboundTransfer.items.lotId': 'the lot that comes into being, or grows',
  'AddHierarchyElement.elementId': 'of the plant itself',
  'RenameHierarchyElement.elementId': 'of the plant itself',
  'MoveHierarchyElement.elementId': 'of the plant itself',
  'RetireHierarchyElement.elementId': 'of the plant itself',
  'AddHierarchyElement.parentId': 'of the plant itself',
  'MoveHierarchyElement.parentId': 'of the plant itself',
  'ReverseObservation.equipmentId': 'of the report that is taken back',
  'ObserveProduction.formerReportId': 'looked up: it is that report, or none',
  'ReverseObservation.formerReportId': 'looked up: it is that reversal, or none',
  'ReverseObservation.scrap.reasonCode': 'of the report that is taken back',
  'HoldWorkOrder.equipmentId': 'a machine that aborts holds its order, also one that the plant does not know',
  'RequestSupervisorDecision.equipmentId': 'a machine that the order is held for',
  'RecordJobEnded.workOrderId': 'of the machine itself',
};
/** Commands that processes or the importer send about what has happened already. */
const HAPPENED =
  /^(Record\w+|SettleRows|FlagRows|AnnounceInboundTransfer|NameInboundLot|CreateLotFromSplit|AddMergedLot|IssueLotToTransfer|TakeBackFromTransfer|ReceiveLotFromTransfer)$/;
/** Places are told by the plant's own stream: see above. */
const PLACES = [
  'RegisterEquipment.elementId',
  'MoveEquipment.elementId',
  'ReceiveLot.locationId',
  'ProduceLot.locationId',
  'MoveLot.locationId',
];

test('every reference in a command is looked up, or free for a reason', () => {
  type Input = new () => object;
  const fieldsOf = (type: Input): string[] =>
    ((Reflect.getMetadata('swagger/apiModelPropertiesArray', type.prototype as object) as string[] | undefined) ?? []).map((name) =>
      name.slice(1),
    );
  /** An input in which every text is a name of its field. */
  const sample = (type: Input, path = ''): Record<string, unknown> =>
    Object.fromEntries(
      fieldsOf(type).map((name) => {
        const inner = inputClassOf(type, name);
        const { isArray } = Reflect.getMetadata('swagger/apiModelProperties', type.prototype as object, name) as { isArray?: boolean };
        const one = inner ? sample(inner, `${path}${name}.`) : `haifa.${path}${name}`;
        return [name, isArray ? [one] : one];
      }),
    );
  const pathsOf = (type: Input, path = ''): string[] =>
    fieldsOf(type).flatMap((name) => {
      const inner = inputClassOf(type, name);
      return inner ? pathsOf(inner, `${path}${name}.`) : [`${path}${name}`];
    });
  const unchecked = slices.flatMap(([decider, classes]: readonly [AnyDecider, object]) =>
    commandClasses(classes).flatMap(([command, type]) => {
      const plain = sample(type);
      const looked = (decider.regards?.(command, plain, decider.initial, {}) ?? []).map(({ stream }) => stream);
      const own = decider.id(plain);
      return pathsOf(type)
        .filter((path) => NAMES_SOMETHING.test(path) && !own.includes(`haifa.${path}`))
        .filter((path) => !looked.some((stream) => stream.endsWith(`haifa.${path}`)))
        .map((path) => `${command}.${path}`)
        .filter(
          (each) => !HAPPENED.test(command) && !PLACES.includes(each) && !(each in FREE) && !(each.slice(command.length + 1) in FREE),
        );
    }),
  );
  expect(unchecked).toEqual([]);
});
