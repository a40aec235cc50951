/**
 * What people and other systems get wrong about orders over several plants: each ends in a clear refusal, another plan or a question, and nothing
 * stays reserved that is not wanted. The product's deciders, processes and engine, in a simulated world.
 */
import { inboundTransfer } from '#inbound-transfer/inbound-transfer';
import { interFacilityTransfer } from '#inter-facility-transfer/inter-facility-transfer';
import { legIdOf, planIdOf, transferIdOf } from '#manufacturing/order-ids';
import { totalsOf } from '#manufacturing/shipment';
import { atReceiver } from '#manufacturing/transfer-ids';
import { type CalmWorld, inCalmWorld, ORDER } from './simulation/calm-world-under-test';
import { HUB, pcs, PRODUCT } from './simulation/people-under-test';

const PLANT = 'lyon';
const typesIn = (world: CalmWorld, stream: string) => world.events(stream).map(({ type }) => type);
const placedOnce = (world: CalmWorld) => typesIn(world, `customer-order-${ORDER}`).filter((type) => type === 'CustomerOrderPlaced');

/** Leg n of the order at its plant, from its start to its end. */
const start = (world: CalmWorld, n = 1, plant: string = HUB) =>
  world.say('StartWorkOrder', { workOrderId: legIdOf(ORDER, n, plant), equipmentId: `${plant}.M1` });
async function make(world: CalmWorld, good: number, n = 1, plant: string = HUB): Promise<void> {
  const workOrderId = legIdOf(ORDER, n, plant);
  const report = { reportId: `r${n}`, operationId: '10', equipmentId: `${plant}.M1`, good: String(good) };
  await world.say('ReportProduction', { workOrderId, ...report, from: world.in(-1 / 60), to: world.in(0) });
}
const stop = (world: CalmWorld, n = 1, plant: string = HUB) => world.say('StopWorkOrder', { workOrderId: legIdOf(ORDER, n, plant) });

describe('an order', () => {
  test('for an unknown product is refused', () =>
    inCalmWorld(async (world) => {
      expect(await world.place(4, { product: 'unheard-of' })).toBe('work-master-unknown');
      expect(world.order).toBeUndefined();
      expect(world.reserved).toEqual({});
    }));

  test('for a product whose revision was retired is refused; one that waits for its plan becomes a question', () =>
    inCalmWorld(async (world) => {
      await world.place(4, { planning: 'Batch' });
      const version = { workMasterId: `corp.${PRODUCT}`, version: 'A' };
      expect(await world.say('ApproveWorkMaster', { ...version, version: 'Z' }, 'somebody else')).toBe('version-unknown');
      expect(await world.say('RetireWorkMaster', version)).toBeUndefined();
      const ask = { customerOrderId: ORDER, product: PRODUCT, quantity: pcs(4), due: world.order!.demand.due };
      expect(await world.say('ProposeAllocation', { planId: planIdOf(ORDER, 1), ...ask })).toBeUndefined();
      expect(world.question(1)).toMatchObject({ kind: 'Nothing', evidence: expect.stringContaining('NoWorkMaster') as string });
      expect(world.reserved).toEqual({});
      expect(await world.say('PlaceCustomerOrder', { ...ask, customerOrderId: 'corp.CO2', customer: 'acme' })).toBe('work-master-unknown');
    }));

  test('that no plant may make becomes a question, and ends as it is answered', () =>
    inCalmWorld(
      async (world) => {
        expect(await world.place(4)).toBeUndefined();
        expect(world.question(1)).toMatchObject({ kind: 'Nothing', evidence: expect.stringContaining('4: CustomerRules') as string });
        expect(world.reserved).toEqual({});
        await world.answer(1, 'Cancel');
        expect(world.order).toMatchObject({ status: 'Cancelled', legs: [] });
      },
      { neverFor: [{ customer: 'acme' }] },
    ));

  test('that is due before it is placed is refused; one that is due today becomes a question', () =>
    inCalmWorld(async (world) => {
      expect(await world.place(4, { due: world.in(-1) })).toBe('due-passed');
      expect(world.order).toBeUndefined();
      expect(await world.place(4, { due: world.in(1) })).toBeUndefined();
      expect(world.question(1)).toMatchObject({ kind: 'Nothing', evidence: expect.stringContaining('4: DueTooSoon') as string });
      expect(world.reserved).toEqual({});
      expect(await world.ofOrder('AmendCustomerOrder', { due: world.in(-1) })).toBe('due-passed');
      expect(await world.ofOrder('AmendCustomerOrder', { due: world.in(10 * 24) })).toBeUndefined();
      expect(world.question(1)).toMatchObject({ status: 'withdrawn' });
      expect(world.reserved).toEqual({ oslo: 240 });
    }));

  test('that is placed twice is one order; with another demand it is refused', () =>
    inCalmWorld(async (world) => {
      const due = world.in(10 * 24);
      expect(await world.place(4, { due })).toBeUndefined();
      expect(await world.place(4, { due })).toBeUndefined();
      expect(await world.place(5, { due })).toBe('customer-order-exists');
      expect(placedOnce(world)).toHaveLength(1);
      expect(world.order).toMatchObject({ legs: [{ quantity: '4' }] });
      expect(world.reserved).toEqual({ oslo: 240 });
    }));

  test('is not amended below what is produced, nor in a unit that cannot be converted', () =>
    inCalmWorld(async (world) => {
      await world.place(4);
      await start(world);
      await make(world, 3);
      await stop(world);
      expect(await world.ofOrder('AmendCustomerOrder', { quantity: pcs(2) })).toBe('below-produced');
      expect(await world.ofOrder('AmendCustomerOrder', { quantity: { amount: '1', unit: 'kg' } })).toBe('unit-incompatible');
      expect(await world.ofOrder('AmendCustomerOrder', { quantity: pcs(0) })).toBe('quantity-not-positive');
      expect(await world.ofOrder('AmendCustomerOrder', { quantity: pcs(3) })).toBeUndefined();
      await world.rest();
      expect(world.order).toMatchObject({ status: 'Completed', demand: { quantity: '3' } });
      expect(world.reserved).toEqual({});
    }));

  test('that runs is not amended below what its leg has made: the leg stays, and what is too much is stock', () =>
    inCalmWorld(async (world) => {
      await world.place(4);
      await start(world);
      await make(world, 3);
      expect(await world.ofOrder('AmendCustomerOrder', { quantity: pcs(1) })).toBeUndefined();
      expect(world.order!.legs[0]).toMatchObject({ status: 'Started', quantity: '4' });
      await stop(world);
      expect(world.order).toMatchObject({ status: 'Completed', legs: [{ made: { good: '3' } }] });
      expect(world.reserved).toEqual({});
    }));

  test('is not undone after its first operation has started: a person is asked, and the plant says no', () =>
    inCalmWorld(async (world) => {
      await world.place(4);
      await start(world);
      expect(await world.ofOrder('CancelCustomerOrder')).toBeUndefined();
      expect(world.question(1)).toMatchObject({ kind: 'Running', status: 'open' });
      expect(await world.say('CancelWorkOrder', { workOrderId: legIdOf(ORDER, 1, HUB) })).toBe('work-order-state');
      expect(typesIn(world, `work-order-${legIdOf(ORDER, 1, HUB)}`)).not.toContain('WorkOrderCancelled');
      expect(world.order!.status).toBe('Cancelling');
      await world.answer(1, 'Stop');
      expect(world.order).toMatchObject({ status: 'Cancelled', legs: [{ status: 'Ended' }] });
      expect(world.reserved).toEqual({});
    }));

  test('that is complete is not cancelled', () =>
    inCalmWorld(async (world) => {
      await world.place(4);
      await start(world);
      await make(world, 4);
      await stop(world);
      expect(await world.ofOrder('CancelCustomerOrder')).toBe('customer-order-completed');
      expect(await world.ofOrder('AmendCustomerOrder', { quantity: pcs(9) })).toBe('customer-order-state');
      expect(world.reserved).toEqual({});
    }));
});

/** Leg 1 is made at lyon, and its transfer to the hub is planned. */
async function shippable(world: CalmWorld): Promise<void> {
  for (const plant of ['haifa', HUB]) {
    const days = Array.from({ length: 12 }, (_, n) => ({ date: world.in(24 * n).slice(0, 10), minutes: 240 }));
    await world.say('BlockCapacity', { capacityId: `${plant}.cell`, blockId: 'B', buckets: days });
  }
  await world.place(4, { shipTo: HUB });
  await start(world, 1, PLANT);
  await make(world, 4, 1, PLANT);
  await stop(world, 1, PLANT);
}

describe('a transfer', () => {
  const transferId = transferIdOf(ORDER, 1, PLANT);
  const inboundTransferId = atReceiver(transferId, HUB)!;
  const ship = (world: CalmWorld) => world.say('ShipTransfer', { transferId, eta: world.in(24) });
  const receive = (world: CalmWorld, receiptId: string, received: number) =>
    world.say('ReceiveInboundTransfer', { inboundTransferId, receiptId, items: [{ item: PRODUCT, received: String(received) }] });

  test('to the plant that ships is refused', () =>
    inCalmWorld(async (world) => {
      const items = [{ materialId: PRODUCT, quantity: pcs(1) }];
      expect(await world.say('PlanTransfer', { transferId: `${PLANT}.T`, toFacilityId: PLANT, items })).toBe('transfer-to-itself');
      expect(world.events(`inter-facility-transfer-${PLANT}.T`).filter(({ type }) => type === 'TransferPlanned')).toEqual([]);
    }));

  test('is received once, and not beyond what was shipped', () =>
    inCalmWorld(async (world) => {
      await shippable(world);
      expect(await ship(world)).toBeUndefined();
      expect(await receive(world, 'R1', 3)).toBeUndefined();
      expect(await receive(world, 'R1', 3)).toBeUndefined();
      expect(await receive(world, 'R2', 2)).toBe('over-receipt');
      expect(await receive(world, 'R3', 1)).toBeUndefined();
      expect(await receive(world, 'R4', 1)).toBe('over-receipt');
      for (const books of [world.state(interFacilityTransfer, transferId), world.state(inboundTransfer, inboundTransferId)])
        expect('books' in books && totalsOf(books.books)).toMatchObject({ shipped: '4', received: '4', over: '0' });
      expect(world.order!.status).toBe('Completed');
      expect(world.reserved).toEqual({});
    }));

  test('is not cancelled once it was shipped, by the customer neither', () =>
    inCalmWorld(async (world) => {
      await shippable(world);
      await ship(world);
      expect(await world.say('CancelTransfer', { transferId })).toBe('transfer-shipped');
      expect(await world.ofOrder('CancelCustomerOrder')).toBeUndefined();
      expect(world.order!.status).toBe('Cancelling');
      await receive(world, 'R1', 4);
      expect(world.order).toMatchObject({ status: 'Cancelled', legs: [{ delivery: { received: '4' } }] });
      expect(world.reserved).toEqual({});
    }));
});

describe('an answer', () => {
  test('to a decision that was made, withdrawn or never asked is refused', () =>
    inCalmWorld(async (world) => {
      await world.place(4, { due: world.in(1) });
      expect(await world.answer(1, 'Perhaps')).toBe('option-unknown');
      expect(await world.answer(2, 'Cancel')).toBe('not-found');
      expect(await world.answer(1, 'TryAgain')).toBeUndefined();
      expect(await world.answer(1, 'Cancel')).toBe('decision-closed');
      expect(world.question(2)).toMatchObject({ kind: 'Nothing', status: 'open' });
      await world.ofOrder('AmendCustomerOrder', { due: world.in(10 * 24) });
      expect(await world.answer(2, 'Cancel')).toBe('decision-closed');
      expect(world.order!.status).toBe('Open');
      expect(world.reserved).toEqual({ oslo: 240 });
    }));

  test('to a plan that was given up changes nothing', () =>
    inCalmWorld(async (world) => {
      await world.place(4, { due: world.in(1) });
      await world.answer(1, 'TryAgain');
      expect(await world.say('AcceptPlan', { planId: planIdOf(ORDER, 1) })).toBe('plan-over');
      expect(await world.say('AcceptPlan', { planId: planIdOf(ORDER, 9) })).toBe('plan-unknown');
      expect(world.order!.legs).toEqual([]);
      expect(world.reserved).toEqual({});
    }));

  test('of a plant to a leg that was taken back starts nothing, confirms nothing and reserves nothing', () =>
    inCalmWorld(async (world) => {
      await world.place(4);
      await world.ofOrder('CancelCustomerOrder');
      expect(world.order!.status).toBe('Cancelled');
      expect(await start(world)).toBe('work-order-over');
      const [capacityId, reservationId] = [`${HUB}.cell`, legIdOf(ORDER, 1, HUB).slice(HUB.length + 1)];
      expect(await world.say('ConfirmReservation', { capacityId, reservationId })).toBe('reservation-unknown');
      const again = { capacityId, reservationId, customerOrderId: ORDER, buckets: [{ date: world.in(24).slice(0, 10), minutes: 60 }] };
      expect(await world.say('ReserveCapacity', again)).toBe('reservation-released');
      expect(await world.ofOrder('RecordCustomerLegStep', { leg: 1, step: 'Reserve', attempt: 1 })).toBeUndefined();
      expect(world.reserved).toEqual({});
    }));
});

describe('a plan whose inputs have changed meanwhile', () => {
  const rival = (world: CalmWorld, plant: string, days: number) =>
    world.say('BlockCapacity', {
      ...{ capacityId: `${plant}.cell`, blockId: 'rival' },
      buckets: Array.from({ length: days }, (_, n) => ({ date: world.in(24 * n).slice(0, 10), minutes: 240 })),
    });

  test('is refused where it is a share of a batch, and the order waits for the next one', () =>
    inCalmWorld(async (world) => {
      await world.place(4, { planning: 'Batch' });
      const [day] = [world.in(24).slice(0, 10)];
      await rival(world, HUB, 3);
      const legs = [{ facilityId: HUB, quantity: '4', buckets: [{ date: day, minutes: 240 }] }];
      const batch = { digest: '0'.repeat(64), algorithm: 1, gap: '0', legs, unplaced: [] };
      const ask = { customerOrderId: ORDER, product: PRODUCT, quantity: pcs(4), due: world.order!.demand.due, customer: 'acme' };
      expect(await world.say('ProposeAllocation', { planId: planIdOf(ORDER, 1), ...ask, batch })).toBe('share-outdated');
      expect(world.order).toMatchObject({ status: 'Open', plans: [], legs: [] });
      expect(world.question(1)).toBeUndefined();
      expect(world.reserved).toEqual({});
    }));

  test('is made again with what is free then, and what it had reserved is released', () =>
    inCalmWorld(async (world) => {
      // 60 pieces need 60 hours; three plants have 4 hours a day, for less than four days: a person is asked.
      await world.place(60, { due: world.in(4 * 24) });
      expect(world.question(1)).toMatchObject({ kind: 'Partial' });
      expect(world.reserved).toEqual({});
      await rival(world, 'lyon', 6);
      await world.answer(1, 'AcceptPartial');
      const { legs } = world.order!;
      expect(typesIn(world, `allocation-plan-${planIdOf(ORDER, 2)}`)).toContain('AllocationProposed');
      expect(legs.filter(({ facilityId, status }) => facilityId === 'lyon' && status !== 'Undone')).toEqual([]);
      expect(Object.keys(world.reserved).sort()).toEqual(['haifa', 'oslo']);
      await world.ofOrder('CancelCustomerOrder');
      expect(world.order!.status).toBe('Cancelled');
      expect(world.reserved).toEqual({});
    }));
});
