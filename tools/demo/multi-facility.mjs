/**
 * Three plants and a warehouse. One order is split over all plants; one plant refuses, one breaks down in mid-flight, a lot is on hold, some of
 * what is shipped arrives damaged. A second order becomes smaller while it is made, a third one is cancelled. In the end the books must balance.
 */
import { balance } from './balance.mjs';

const DAY_MS = 86_400_000;
const due = (days) => new Date(Math.ceil(Date.now() / DAY_MS) * DAY_MS + days * DAY_MS).toISOString();
const date = (days) => due(days).slice(0, 10);
const PRODUCT = 'pump-p12';
const HUB = 'antwerp';
const pcs = (amount) => ({ amount: String(amount), unit: 'pcs' });
/** Pieces in a day, and what one costs there. Every piece takes ten minutes. */
const PLANTS = [
  { id: 'pune', name: 'Pune', timeZone: 'Asia/Kolkata', perDay: 10, cost: '20' },
  { id: 'haifa', name: 'Haifa', timeZone: 'Asia/Jerusalem', perDay: 10, cost: '24' },
  { id: 'lyon', name: 'Lyon', timeZone: 'Europe/Paris', perDay: 20, cost: '31' },
];

const say = (text) => console.log(`   ${text}`);
const chapter = (text) => console.log(`\n${text}`);

export async function tell(system) {
  const story = new Story(system);
  chapter('Three plants that make pumps, a warehouse in Antwerp, and what everybody has to know');
  await story.prepare();

  chapter('1. A customer orders 115 pumps. No plant can make them alone in time');
  const big = 'corp.CO-1';
  await story.place(big, 115, 5);
  let legs = await story.legs(big, (all) => all.length === 3 && all.every(({ done }) => done.includes('Confirm')), 'three released legs');
  story.showLegs(legs);
  say('Every plant has reserved its minutes and has a work order that it may start.');

  chapter('2. Haifa refuses: its furnace is being repaired');
  const [haifa] = legs.filter(({ facilityId }) => facilityId === 'haifa');
  await story.block('haifa', 5);
  await story.act('supervisor', 'work-order/cancel-work-order', { workOrderId: haifa.legId, reason: 'The furnace is being repaired.' });
  legs = await story.legs(
    big,
    (all) => all.length > 3 && all.every(({ status }) => status === 'Released' || status === 'Undone'),
    'a new plan',
  );
  story.showLegs(legs);
  say('What Haifa had reserved is free again, and its part was planned anew without it.');

  chapter('3. Pune makes its part. In Lyon the press breaks down in the middle of the work');
  await story.make(legs.find(({ facilityId, status }) => facilityId === 'pune' && status === 'Released'));
  const broken = legs.find(({ facilityId, status }) => facilityId === 'lyon' && status === 'Released');
  await story.start(broken);
  const half = Math.floor(Number(broken.quantity) / 2);
  await story.report(broken, half);
  await story.act('operator', 'equipment/abort-equipment', { equipmentId: 'lyon.M1', reason: 'The press has lost its oil.' });
  const held = await story.until('a held work order', async () => {
    const order = await story.one('work-order', broken.legId);
    return order?.status === 'Interrupted' && order;
  });
  say(`The work order ${held.workOrderId} is held by itself: ${held.holdReason}.`);
  await story.act('supervisor', 'work-order/abort-work-order', { workOrderId: broken.legId, reason: 'The press needs a new pump.' });
  await story.ended(broken);
  say(`Lyon gives up after ${half} of ${broken.quantity}. They are good, and count.`);
  await story.repair('lyon.M1');
  legs = await story.finishLegs(big);
  story.showLegs(legs);

  chapter('4. All of it goes to Antwerp. One lot is on hold');
  await story.shipAll(big, { hold: 'pune', damaged: 2 });

  chapter('5. Two pumps were damaged on the way: they are made again, and shipped after the others');
  await story.untilShipped(big);
  const whole = await story.one('customer-orders', big);
  say(`${big} is ${whole.status}: ${whole.delivered} delivered, ${whole.produced} made.`);

  chapter('6. Another customer needs less than ordered while the plants are at work');
  const less = 'corp.CO-2';
  await story.place(less, 30, 5, { shipTo: undefined });
  legs = await story.legs(less, (all) => all.length > 0 && all.every(({ done }) => done.includes('Confirm')), 'released legs');
  story.showLegs(legs);
  await story.start(legs[0]);
  await story.act('planner', 'customer-order/amend-customer-order', { customerOrderId: less, quantity: pcs(12), reason: 'They need 12.' });
  say('They need 12 instead of 30. What has not started is undone, what runs becomes smaller.');
  await story.until('12 planned', async () => (await story.one('customer-orders', less))?.allocated === '12');
  legs = await story.finishLegs(less);
  story.showLegs(legs);
  await story.until(`${less} to be completed`, async () => (await story.one('customer-orders', less))?.status === 'Completed');
  const tooFew = { customerOrderId: less, quantity: pcs(5), reason: 'They need 5.' };
  say(`Then they ask for 5: "${await system.refused('planner', 'customer-order/amend-customer-order', tooFew)}"`);

  chapter('7. A third order is more than the plants can make in time. A person decides, and then it is cancelled');
  const gone = 'corp.CO-3';
  await story.place(gone, 400, 5);
  const asked = await story.until('a question', async () => {
    const order = await story.one('customer-orders', gone);
    return order?.decisionId && order;
  });
  say(`A person is asked: "${asked.question}"`);
  const decision = { decisionId: asked.decisionId, option: 'AcceptPartial', reason: 'Better some than none.' };
  await story.act('planner', 'decision/make-decision', decision);
  say('The planner takes what can be made.');
  story.showLegs(await story.legs(gone, (all) => all.length > 1 && all.every(({ done }) => done.includes('Confirm')), 'released legs'));
  await story.act('planner', 'customer-order/cancel-customer-order', { customerOrderId: gone, reason: 'The building is not built.' });
  await story.until(`${gone} to be cancelled`, async () => (await story.one('customer-orders', gone))?.status === 'Cancelled');
  say('The customer cancels. Each leg is undone, newest first and in the opposite order of its steps.');
  story.showLegs(await story.legs(gone, (all) => all.every(({ status }) => status === 'Undone'), 'undone legs'));

  chapter('The books');
  return balance(system, { orders: [big, less, gone], product: PRODUCT, plants: PLANTS.map(({ id }) => id), hub: HUB });
}

class Story {
  constructor(system) {
    this.system = system;
    Object.assign(this, { act: system.act, one: system.one, list: system.list, until: system.until });
  }

  async prepare() {
    const enterprise = { enterpriseId: 'corp', enterpriseName: 'Meridian Pumps' };
    const places = [
      ...PLANTS,
      { id: HUB, name: 'Antwerp', timeZone: 'Europe/Brussels' },
      { id: 'corp', name: 'Head office', timeZone: 'Etc/UTC' },
    ];
    for (const { id, name, timeZone } of places)
      await this.act('engineer', 'facility/register-facility', { facilityId: id, name, timeZone, ...enterprise });
    for (const { id, perDay } of PLANTS) {
      const equipmentId = `${id}.M1`;
      await this.act('engineer', 'equipment/register-equipment', { equipmentId, name: 'Press 1', equipmentClass: 'press' });
      await this.startMachine(equipmentId);
      const capacity = { capacityId: `${id}.presses`, mode: 'Unary', minutesPerDay: perDay * 10 };
      await this.act('planner', 'facility-capacity/define-capacity', capacity);
      const lane = { laneId: `${id}.${HUB}`, transitHours: 24, costPerUnit: '1.5', unit: 'pcs' };
      await this.act('planner', 'transport-lane/define-lane', lane);
    }
    const workMasterId = `corp.${PRODUCT}`;
    const facilities = PLANTS.map(({ id, cost }) => ({
      facilityId: id,
      capacityId: `${id}.presses`,
      minutesPerUnit: '10',
      costPerUnit: cost,
    }));
    const operations = [{ operationId: '10', name: 'Press', sequence: 10 }];
    const master = { workMasterId, version: '1', product: PRODUCT, unit: 'pcs', operations, facilities };
    await this.act('engineer', 'work-master/draft-work-master', master);
    await this.act('quality', 'work-master/approve-work-master', { workMasterId, version: '1' });
    for (const { name, perDay, cost } of PLANTS) say(`${name} makes ${perDay} a day at ${cost} each.`);
  }

  async startMachine(equipmentId) {
    for (const command of ['reset-equipment', 'start-equipment']) {
      await this.act('operator', `equipment/${command}`, { equipmentId });
      await this.act('device', 'equipment/report-state-complete', { equipmentId });
    }
  }

  async repair(equipmentId) {
    await this.act('device', 'equipment/report-state-complete', { equipmentId });
    await this.act('operator', 'equipment/clear-equipment', { equipmentId });
    await this.act('device', 'equipment/report-state-complete', { equipmentId });
    await this.startMachine(equipmentId);
  }

  async place(customerOrderId, quantity, days, more = { shipTo: HUB }) {
    const order = { customerOrderId, customer: 'acme', product: PRODUCT, quantity: pcs(quantity), due: due(days), ...more };
    await this.act('planner', 'customer-order/place-customer-order', order);
    say(`${customerOrderId}: ${quantity} pumps${more.shipTo ? ` to ${more.shipTo}` : ''}, due on ${date(days)}.`);
  }

  /** The legs of an order, once they are as expected. */
  async legs(customerOrderId, expected, what) {
    return this.until(`${what} of ${customerOrderId}`, async () => {
      const all = await this.list('customer-order-legs', { customerOrderId });
      return expected(all) && all.sort((a, b) => a.leg - b.leg);
    });
  }

  showLegs(legs) {
    for (const { leg, facilityId, quantity, status, good, received, why, compensated } of legs) {
      const made = good === '0' ? '' : `, ${good} made`;
      const there = received === null || received === '0' ? '' : `, ${received} received`;
      const undone = status === 'Undone' ? `: ${why} (undone: ${compensated.join(', ')})` : '';
      say(`leg ${leg}  ${facilityId.padEnd(6)} ${String(quantity).padStart(4)}  ${status}${made}${there}${undone}`);
    }
  }

  async block(plant, days) {
    const buckets = Array.from({ length: days + 30 }, (_, day) => ({ date: date(day - 1), minutes: 1_440 }));
    const block = { capacityId: `${plant}.presses`, blockId: 'furnace', buckets, reason: 'The furnace is being repaired.' };
    await this.act('planner', 'facility-capacity/block-capacity', block);
  }

  start({ legId, facilityId }) {
    return this.act('operator', 'work-order/start-work-order', { workOrderId: legId, equipmentId: `${facilityId}.M1` });
  }

  async report({ legId, facilityId }, good) {
    const now = new Date();
    const from = new Date(now.getTime() - 1_000).toISOString();
    const of = { workOrderId: legId, operationId: '10', equipmentId: `${facilityId}.M1`, reportId: `r${good}-${now.getTime()}` };
    await this.act('operator', 'work-order/report-production', { ...of, good: String(good), from, to: now.toISOString() });
    const lot = { lotId: `${legId}-lot`, materialId: PRODUCT, quantity: pcs(good), workOrderId: legId };
    await this.act('operator', 'material-lot/produce-lot', lot);
  }

  /** Makes all of a leg that has not started, or the rest of one that has. */
  async make(leg) {
    if (leg.startedAt === null) await this.start(leg);
    const order = await this.until(`${leg.legId} to run`, async () => {
      const found = await this.one('work-order', leg.legId);
      return found?.status === 'Running' && found.quantity === leg.quantity && found;
    });
    await this.report(leg, Number(order.quantity));
    await this.act('supervisor', 'work-order/stop-work-order', { workOrderId: leg.legId, reason: 'All is made.' });
    await this.ended(leg);
    say(`${leg.facilityId} has made ${order.quantity}.`);
  }

  ended({ customerOrderId, legId }) {
    const over = (all) => all.some((leg) => leg.legId === legId && leg.status === 'Ended');
    return this.legs(customerOrderId, over, 'an ended leg');
  }

  /** Plants make what they have, until nothing is left to make. */
  async finishLegs(customerOrderId) {
    for (;;) {
      const found = await this.until(`what comes next of ${customerOrderId}`, async () => {
        const order = await this.one('customer-orders', customerOrderId);
        const legs = await this.list('customer-order-legs', { customerOrderId });
        const open = legs.filter(({ status, done }) => status === 'Started' || (status === 'Released' && done.includes('Confirm')));
        const rest = legs.filter(({ status }) => status === 'Planned' || status === 'Released' || status === 'Started');
        if (open.length > 0) return { open };
        return order.unallocated === '0' && rest.length === 0 && { legs: legs.sort((a, b) => a.leg - b.leg) };
      });
      if (found.legs) return found.legs;
      await this.make(found.open[0]);
    }
  }

  /** Picks, ships and receives every transfer of an order that has been planned. */
  async shipAll(customerOrderId, { hold, damaged = 0 } = {}) {
    const transfers = await this.until(`the transfers of ${customerOrderId}`, async () => {
      const legs = (await this.list('customer-order-legs', { customerOrderId })).filter(
        ({ status, good }) => status === 'Ended' && good !== '0',
      );
      const all = await this.list('transfer', { customerOrderId, direction: 'Outbound', status: 'Planned' });
      return all.length === legs.length && all;
    });
    let broken = damaged;
    let holding = hold;
    for (const { transferId, fromFacilityId, items } of transfers) {
      const lotId = `${transferId.replace('.T', '.L')}-lot`;
      const [{ quantity }] = items;
      const picked = { transferId, items: [{ materialId: PRODUCT, quantity: pcs(quantity), lotId }] };
      if (fromFacilityId === holding) {
        holding = undefined;
        await this.act('quality', 'material-lot/hold-lot', { lotId, holdId: 'H1', reason: 'The pressure test is missing.' });
        await this.act('operator', 'inter-facility-transfer/pick-transfer', picked);
        const undone = await this.until('the pick to be undone', async () => {
          const row = await this.one('transfer', `${fromFacilityId}~${transferId}`);
          return row?.status === 'Planned' && row.reason && row;
        });
        say(`${lotId} is on hold, so the pick is undone: "${undone.reason}"`);
        await this.act('quality', 'material-lot/release-hold', { lotId, holdId: 'H1', reason: 'The test is passed.' });
      }
      await this.act('operator', 'inter-facility-transfer/pick-transfer', picked);
      await this.until(
        `${transferId} to be picked`,
        async () => (await this.one('transfer', `${fromFacilityId}~${transferId}`))?.status === 'Picked',
      );
      const eta = new Date(Date.now() + DAY_MS).toISOString();
      await this.act('operator', 'inter-facility-transfer/ship-transfer', { transferId, carrier: 'Rail', eta });
      const inboundTransferId = `${HUB}.${transferId.replace('.', '_')}`;
      await this.until(`${inboundTransferId} to be announced`, () => this.one('inbound-transfer', inboundTransferId));
      const counted = { item: lotId, received: String(Number(quantity) - broken), damaged: String(broken) };
      const receipt = { inboundTransferId, receiptId: 'R1', items: [counted], complete: true };
      await this.act('operator', 'inbound-transfer/receive-inbound-transfer', receipt);
      say(
        `${fromFacilityId} ships ${quantity} of ${lotId}; ${HUB} receives ${counted.received}${broken > 0 ? `, and ${broken} damaged` : ''}.`,
      );
      if (broken > 0) {
        const again = { inboundTransferId, receiptId: 'R2', items: [{ item: lotId, received: '5' }] };
        const why = await this.system.refused('operator', 'inbound-transfer/receive-inbound-transfer', again);
        say(`Somebody books a receipt of 5 more: "${why}"`);
      }
      broken = 0;
    }
  }

  /** Makes and ships until the order is completed. */
  async untilShipped(customerOrderId) {
    for (;;) {
      const { order, legs } = await this.until(`${customerOrderId} to go on`, async () => {
        const found = await this.one('customer-orders', customerOrderId);
        const all = await this.list('customer-order-legs', { customerOrderId });
        const todo = all.some(
          ({ status, done, good }) => (status === 'Released' && done.includes('Confirm')) || (status === 'Ended' && good !== '0'),
        );
        return (found.status === 'Completed' || todo) && { order: found, legs: all };
      });
      if (order.status === 'Completed') return;
      const open = legs.find(({ status }) => status === 'Released');
      if (open) await this.make(open);
      else await this.shipAll(customerOrderId);
    }
  }
}
