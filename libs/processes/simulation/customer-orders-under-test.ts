/**
 * Customer orders in a world that is all in memory: the product's deciders, process definitions and process engine, with virtual time, people, and
 * whatever goes wrong. Promises: a seed always gives the same run; the run ends with everything calm and finished, or says what is wrong. Does not:
 * try every order of events of a small scene (the interleavings specs do).
 */
import { allocationPlan } from '#allocation-plan/allocation-plan';
import { customerOrder } from '#customer-order/customer-order';
import { decision } from '#decision/decision';
import { facility } from '#facility/facility';
import { facilityCapacity } from '#facility-capacity/facility-capacity';
import { inboundTransfer } from '#inbound-transfer/inbound-transfer';
import { interFacilityTransfer } from '#inter-facility-transfer/inter-facility-transfer';
import type { AnyProcess } from '#kernel/process';
import { materialLot } from '#material-lot/material-lot';
import type { AnyDecider } from '#platform/commands/registry';
import { FAIR, Network, type Weather } from '#platform/testing/simulation/network';
import { SimulatedCommands } from '#platform/testing/simulation/simulated-commands';
import { SimulatedStore } from '#platform/testing/simulation/simulated-store';
import { SimulatedWorkers, type World } from '#platform/testing/simulation/simulated-workers';
import { VirtualTime } from '#platform/testing/simulation/virtual-time';
import { productionOrder } from '#production-order/production-order';
import { transportLane } from '#transport-lane/transport-lane';
import { workMaster } from '#work-master/work-master';
import { workOrder } from '#work-order/work-order';
import { whenCapacityReservedExpireIt } from '../when-capacity-reserved-expire-it';
import { whenCustomerOrderPlacedFulfilIt } from '../when-customer-order-placed-fulfil-it';
import { whenDecisionRequestedEscalateIt } from '../when-decision-requested-escalate-it';
import { whenInboundTransferReceivedBookLots } from '../when-inbound-transfer-received-book-lots';
import { whenInboundTransferReceivedConfirmIt } from '../when-inbound-transfer-received-confirm-it';
import { whenTransferPickedIssueLots } from '../when-transfer-picked-issue-lots';
import { whenTransferShippedAnnounceIt } from '../when-transfer-shipped-announce-it';
import { whenWorkOrderEndedAdvanceProductionOrder } from '../when-work-order-ended-advance-production-order';
import { Books } from './books-under-test';
import { HUB, pcs, People, PLANTS, PRODUCT } from './people-under-test';

export const deciders = [
  ...[allocationPlan, customerOrder, decision, facility, facilityCapacity, inboundTransfer, interFacilityTransfer],
  ...[materialLot, productionOrder, transportLane, workMaster, workOrder],
] as unknown as readonly AnyDecider[];
export const processes: readonly AnyProcess[] = [
  whenCustomerOrderPlacedFulfilIt,
  whenCapacityReservedExpireIt,
  whenDecisionRequestedEscalateIt,
  whenInboundTransferReceivedBookLots,
  whenInboundTransferReceivedConfirmIt,
  whenTransferPickedIssueLots,
  whenTransferShippedAnnounceIt,
  whenWorkOrderEndedAdvanceProductionOrder,
];

const START = '2026-01-05T06:00:00.000Z';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** How long people are given to finish what there is, once nothing disturbs them. */
const CALM_DAYS = 60;

export type Ran = Readonly<{
  seed: number;
  faults: readonly string[];
  /** How each order ended. */
  ends: readonly string[];
  events: number;
  story: () => string;
}>;

/** One run, from the first order to the end of the last one. */
export function simulate(seed: number): Promise<Ran> {
  const simulation = new Simulation(seed);
  return simulation.world.time.during(() => simulation.run());
}

class Simulation {
  readonly world: World;
  private readonly workers: SimulatedWorkers;
  private readonly people: People;
  private readonly books: Books;
  private readonly notes: Readonly<{ at: number; text: string }>[] = [];

  constructor(private readonly seed: number) {
    const time = new VirtualTime(START, seed);
    const store = new SimulatedStore(time);
    this.world = { time, store, network: new Network(time), commands: new SimulatedCommands(store, deciders) };
    this.workers = new SimulatedWorkers(this.world, processes);
    const orders = Array.from({ length: time.random.chance(0.3) ? 2 : 1 }, (_, n) => `corp.S${n + 1}`);
    this.people = new People(this.world, orders);
    this.books = new Books(this.world, orders, processes);
    store.onAppended = (event) => {
      this.books.enter(event);
      this.workers.wake();
    };
  }

  async run(): Promise<Ran> {
    const { time, store } = this.world;
    time.skews.set('api', time.random.between(-10, 10) * MINUTE);
    this.prepare();
    this.workers.start();
    this.workers.start(time.random.between(-10, 10) * MINUTE);
    this.people.begin();
    this.disturb();
    await time.run(time.now + time.random.between(6, 30) * HOUR);
    this.note('all are calm from now on');
    this.world.network.weather = FAIR;
    this.people.calm = true;
    time.skews.clear();
    const end = time.now + CALM_DAYS * DAY;
    while (time.now < end && !(this.books.areClosed && this.workers.areIdle)) await time.run(time.now + 6 * HOUR);
    if (!this.workers.areIdle) this.books.faults.push('the processes do not come to rest');
    return {
      seed: this.seed,
      faults: this.books.closed(),
      ends: this.people.orders.map((id) => this.people.order(id)?.status ?? 'never placed'),
      events: store.log.length,
      story: () => this.story(),
    };
  }

  /** Plants, how the product is made, lanes, and orders that are placed in the first days. */
  private prepare(): void {
    const { random } = this.world.time;
    const say = (type: string, data: Readonly<Record<string, unknown>>, who = 'engineer') => this.people.send(type, data, who);
    for (const facilityId of ['corp', ...PLANTS])
      say('RegisterFacility', { facilityId, name: facilityId, enterpriseId: 'corp', enterpriseName: 'Corp', timeZone: 'Etc/UTC' });
    for (const plant of PLANTS) {
      say('DefineCapacity', { capacityId: `${plant}.cell`, mode: 'Unary', minutesPerDay: 240 });
      if (plant !== HUB)
        say('DefineLane', { laneId: `${plant}.${HUB}`, transitHours: random.between(1, 48), costPerUnit: '1', unit: 'pcs' });
    }
    const facilities = PLANTS.map((facilityId, index) => ({
      facilityId,
      capacityId: `${facilityId}.cell`,
      minutesPerUnit: String(20 + 10 * index),
      costPerUnit: String(3 - index),
      ...(random.chance(0.2) ? { minBatch: '3' } : {}),
    }));
    const operations = [{ operationId: '10', name: 'turning', sequence: 10 }];
    const version = { workMasterId: `corp.${PRODUCT}`, version: 'A' };
    say('DraftWorkMaster', { ...version, product: PRODUCT, unit: 'pcs', operations, materials: [], facilities });
    say('ApproveWorkMaster', version, 'somebody else');
    for (const customerOrderId of this.people.orders) {
      const due = new Date(this.world.time.now + random.between(2, 12) * DAY).toISOString();
      const order = {
        ...{ customerOrderId, customer: 'acme', product: PRODUCT, quantity: pcs(random.between(1, 30)), due },
        partial: random.pick(['Ask', 'Accept', 'AllOrNothing']),
        ...(random.chance(0.5) ? { shipTo: HUB } : {}),
        ...(random.chance(0.2) ? { maxLegs: random.between(1, 3) } : {}),
      };
      this.world.time.after(random.between(0, DAY / 2), () => say('PlaceCustomerOrder', order, 'customer'), 'customer');
    }
  }

  /** Whatever goes wrong, again and again until all are calm: it has its own strength in each run. */
  private disturb(): void {
    const { time, network } = this.world;
    const { random } = time;
    const rough = random.next();
    const weather: Weather = { lostRequest: 0.04 * rough, lostAnswer: 0.04 * rough, slow: 0.06 * rough, again: 0.15 * rough };
    network.weather = weather;
    const again = (mean: number, act: () => void): void => {
      time.after(mean * (0.2 + 1.6 * random.next()), () => {
        if (this.people.calm) return;
        act();
        again(mean, act);
      });
    };
    again((4 + 20 * random.next()) * HOUR, () => this.crash());
    again(20 * HOUR, () => this.freeze());
    again(30 * HOUR, () => this.cutOff());
    again(60 * HOUR, () => (this.note('the tables are emptied'), this.workers.empty()));
    // Deaths in the middle of work: right after an effect, before the worker knows of it.
    network.onEffect = (app, what) => {
      if (this.people.calm || !/^(append|send)/.test(what) || !random.chance(0.004 * rough)) return;
      if (app.startsWith('worker')) this.die(app, `right after "${what}"`);
    };
  }

  private crash(): void {
    const { alive } = this.workers;
    if (alive.length > 0) this.die(this.world.time.random.pick(alive), 'suddenly');
  }

  private die(worker: string, when: string): void {
    const { random } = this.world.time;
    this.note(`${worker} dies ${when}`);
    this.workers.kill(worker);
    this.world.time.after(random.between(1, 60) * MINUTE, () => this.workers.start(random.between(-10, 10) * MINUTE), 'people');
  }

  private freeze(): void {
    const { time } = this.world;
    const worker = time.random.pick(this.workers.alive);
    if (!worker) return;
    const minutes = time.random.between(1, 120);
    this.note(`${worker} sleeps for ${minutes} minutes`);
    time.freeze(worker, time.now + minutes * MINUTE);
  }

  private cutOff(): void {
    const { random } = this.world.time;
    const [plant, hours] = [random.pick(PLANTS), random.between(1, 12)];
    this.note(`${plant} is cut off for ${hours} hours`);
    this.people.cutOff(plant, hours * HOUR);
  }

  private note(text: string): void {
    this.notes.push({ at: this.world.time.now, text });
  }

  /** What happened, for whoever has to find out why. */
  private story(): string {
    const told = this.world.store.log
      .filter(({ type }) => !type.startsWith('$') && type !== 'CommandUnchanged')
      .map(({ recordedAt, stream, type, data, metadata }) => {
        const { input, sends, code } = data as { input?: { type: string; data: object }; sends?: { type: string }[]; code?: string };
        const more = sends ? `${input!.type} -> ${sends.map((each) => each.type).join(', ') || 'nothing'}` : (code ?? '');
        return { at: Date.parse(recordedAt), text: `${stream} ${type} ${more} (${metadata.actor})` };
      });
    return [...told, ...this.notes.map(({ at, text }) => ({ at, text: `*** ${text}` }))]
      .sort((a, b) => a.at - b.at)
      .map(({ at, text }) => `${new Date(at).toISOString()} ${text}`)
      .join('\n');
  }
}
