/**
 * A simulated world in which nothing breaks: the product's deciders, processes and engine, and people who say what a spec has them say. Promises: what
 * is refused is told by its code; everything that follows from a command by itself has happened before the next. Does not: disturb.
 */
import { customerOrder } from '#customer-order/customer-order';
import type { KnownOrder } from '#customer-order/order-state';
import { decision } from '#decision/decision';
import { facilityCapacity } from '#facility-capacity/facility-capacity';
import type { Event } from '#kernel/event';
import { decisionIdOf } from '#manufacturing/order-ids';
import { Problem } from '#platform/problem/problem';
import { Network } from '#platform/testing/simulation/network';
import { SimulatedCommands } from '#platform/testing/simulation/simulated-commands';
import { SimulatedStore } from '#platform/testing/simulation/simulated-store';
import { SimulatedWorkers } from '#platform/testing/simulation/simulated-workers';
import { VirtualTime } from '#platform/testing/simulation/virtual-time';
import { deciders, processes } from './customer-orders-under-test';
import { HUB, pcs, PLANTS, PRODUCT } from './people-under-test';

const START = '2026-01-05T06:00:00.000Z';
const HOUR = 3_600_000;
type Data = Readonly<Record<string, unknown>>;

export const ORDER = 'corp.CO';

/** Three plants that make flanges, 60 minutes for one, 240 minutes a day; the cheapest is the last. */
export function inCalmWorld<T>(run: (world: CalmWorld) => Promise<T>, changes: Data = {}): Promise<T> {
  const world = new CalmWorld();
  return world.time.during(async () => {
    await world.prepare(changes);
    return run(world);
  });
}

export class CalmWorld {
  readonly time = new VirtualTime(START, 1);
  private readonly store = new SimulatedStore(this.time);
  private readonly commands = new SimulatedCommands(this.store, deciders);
  private readonly workers = new SimulatedWorkers(
    { time: this.time, store: this.store, network: new Network(this.time), commands: this.commands },
    processes,
  );
  private said = 0;

  async prepare(changes: Data): Promise<void> {
    this.store.onAppended = () => this.workers.wake();
    this.workers.start();
    for (const facilityId of ['corp', ...PLANTS])
      await this.say('RegisterFacility', {
        ...{ facilityId, name: facilityId, enterpriseId: 'corp', enterpriseName: 'Corp', timeZone: 'Etc/UTC' },
      });
    for (const plant of PLANTS) {
      await this.say('DefineCapacity', { capacityId: `${plant}.cell`, mode: 'Unary', minutesPerDay: 240 });
      if (plant !== HUB) await this.say('DefineLane', { laneId: `${plant}.${HUB}`, transitHours: 1, costPerUnit: '1', unit: 'pcs' });
    }
    const facilities = PLANTS.map((facilityId, n) => ({
      ...{ facilityId, capacityId: `${facilityId}.cell`, minutesPerUnit: '60', costPerUnit: String(3 - n) },
      ...changes,
    }));
    const version = { workMasterId: `corp.${PRODUCT}`, version: 'A' };
    const operations = [{ operationId: '10', name: 'turning', sequence: 10 }];
    await this.say('DraftWorkMaster', { ...version, product: PRODUCT, unit: 'pcs', operations, materials: [], facilities });
    await this.say('ApproveWorkMaster', version, 'somebody else');
  }

  /** Sends a command, waits for what follows by itself, and returns the code if it is refused. */
  async say(type: string, data: Data, actor = 'ann'): Promise<string | undefined> {
    const commandId = `${actor}-${(this.said += 1)}`;
    try {
      this.time.as('api', () => this.commands.run(type, { reason: 'so be it', ...data }, { commandId, actor }));
      return undefined;
    } catch (error) {
      if (error instanceof Problem) return error.code;
      throw error;
    } finally {
      await this.rest();
    }
  }

  place(quantity: number, more: Data = {}): Promise<string | undefined> {
    const terms = { customer: 'acme', product: PRODUCT, quantity: pcs(quantity), due: this.in(10 * 24) };
    return this.say('PlaceCustomerOrder', { customerOrderId: ORDER, ...terms, ...more });
  }

  ofOrder = (type: string, data: Data = {}): Promise<string | undefined> => this.say(type, { customerOrderId: ORDER, ...data });

  /** Until nothing more happens by itself. */
  async rest(hours = 0): Promise<void> {
    const end = this.time.now + 24 * HOUR;
    await this.time.run(this.time.now + hours * HOUR);
    do await this.time.run(this.time.now + 10_000);
    while (!this.workers.areIdle && this.time.now < end);
    if (!this.workers.areIdle) throw new Error('the processes do not come to rest');
  }

  get order(): KnownOrder | undefined {
    const order = this.commands.state(customerOrder, ORDER);
    return order.status === 'Unknown' ? undefined : order;
  }

  /** The nth question to a person: its kind, evidence and status. */
  question(n: number): Readonly<{ kind: string; evidence: string; status: string }> | undefined {
    const asked = this.commands.state(decision, decisionIdOf(ORDER, `D${n}`));
    return asked.status === 'unknown'
      ? undefined
      : { kind: asked.question.kind, evidence: asked.question.evidence ?? '', status: asked.status };
  }

  answer = (n: number, option: string): Promise<string | undefined> =>
    this.say('MakeDecision', { decisionId: decisionIdOf(ORDER, `D${n}`), option });

  /** Minutes that the plants hold for the order. */
  get reserved(): Readonly<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const plant of PLANTS)
      for (const [id, { buckets }] of Object.entries(this.commands.state(facilityCapacity, `${plant}.cell`).reservations))
        if (id.endsWith(ORDER.replace('.', '_')))
          found[plant] = (found[plant] ?? 0) + buckets.reduce((sum, { minutes }) => sum + minutes, 0);
    return found;
  }

  /** What a stream holds. */
  events = (stream: string): readonly Event[] => this.store.of(stream);

  state = <S>(decider: Readonly<{ category: string; initial: S }>, id: string): S => this.commands.state(decider, id);

  /** An instant so many hours ahead. */
  in = (hours: number): string => new Date(this.time.now + hours * HOUR).toISOString();
}
