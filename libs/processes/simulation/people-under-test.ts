/**
 * The people of a simulation: customers, planners, plants, carriers, and others who want the same capacity. Each looks at what is, now and then, and does
 * something that may be sensible. A plant that is cut off goes on working, and sends what it did when it is back. Once they are calm, they finish
 * what there is, and disturb nothing.
 */
import { customerOrder } from '#customer-order/customer-order';
import type { Leg } from '#customer-order/legs';
import type { KnownOrder } from '#customer-order/order-state';
import { decision } from '#decision/decision';
import { facilityCapacity } from '#facility-capacity/facility-capacity';
import { inboundTransfer } from '#inbound-transfer/inbound-transfer';
import { interFacilityTransfer } from '#inter-facility-transfer/inter-facility-transfer';
import { decisionIdOf, legIdOf, MOST_TRANSFERS, planIdOf, transferIdOf } from '#manufacturing/order-ids';
import { minus } from '#manufacturing/quantity';
import { atReceiver } from '#manufacturing/transfer-ids';
import type { World } from '#platform/testing/simulation/simulated-workers';
import { workOrder } from '#work-order/work-order';

type Data = Readonly<Record<string, unknown>>;
export const PLANTS = ['lyon', 'haifa', 'oslo'] as const;
export const HUB = 'oslo';
export const PRODUCT = 'flange';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const pcs = (amount: string | number) => ({ amount: String(amount), unit: 'pcs' });

export class People {
  calm = false;
  /** Until when plants are cut off, and what they did meanwhile. */
  private readonly silent = new Map<string, Readonly<{ until: number; did: (() => void)[] }>>();
  /** Work orders that a plant began while it was cut off. */
  private readonly began = new Set<string>();
  /** Good pieces by report, as far as they were not corrected. */
  private readonly reports = new Map<string, Readonly<{ workOrderId: string; good: number }>>();
  private count = 0;

  constructor(
    private readonly world: World,
    readonly orders: readonly string[],
  ) {}

  private get random() {
    return this.world.time.random;
  }

  /** Each of them looks again and again. */
  begin(): void {
    const { random } = this;
    const again = (who: string, act: () => void, least: number, most: number): void => {
      this.world.time.after(
        this.calm ? HOUR : random.between(least, most),
        () => {
          act();
          again(who, act, least, most);
        },
        who,
      );
    };
    for (const order of this.orders) {
      again('customer', () => this.customer(order), HOUR, 24 * HOUR);
      again('planner', () => this.planner(order), HOUR / 6, 12 * HOUR);
    }
    for (const plant of PLANTS) {
      this.world.time.skews.set(plant, random.between(-10, 10) * MINUTE);
      again(plant, () => this.plant(plant), HOUR / 6, 8 * HOUR);
    }
    again('carrier', () => this.carrier(), HOUR, 8 * HOUR);
    again('rival', () => this.rival(), 2 * HOUR, 30 * HOUR);
  }

  /** Sends a command, perhaps twice; what is refused is refused. */
  send(type: string, data: Data, actor: string): void {
    const commandId = `${actor}-${(this.count += 1)}`;
    const once = () => {
      try {
        this.world.time.as('api', () => this.world.commands.run(type, { reason: 'so be it', ...data }, { commandId, actor }));
      } catch (error) {
        if (!(error instanceof Error && error.name === 'Problem')) throw error;
      }
    };
    once();
    if (!this.calm && this.random.chance(0.1)) this.world.time.after(this.random.between(1, 4 * HOUR), once, 'network');
  }

  /** The plant is cut off for that long. */
  cutOff(plant: string, ms: number): void {
    if (this.silent.has(plant)) return;
    const did: (() => void)[] = [];
    this.silent.set(plant, { until: this.world.time.now + ms, did });
    this.world.time.after(
      ms,
      () => {
        this.silent.delete(plant);
        for (const each of did) each();
      },
      plant,
    );
  }

  order(id: string): KnownOrder | undefined {
    const order = this.world.commands.state(customerOrder, id);
    return order.status === 'Unknown' ? undefined : order;
  }

  private customer(customerOrderId: string): void {
    const order = this.order(customerOrderId);
    const { random } = this;
    if (!order) return;
    const of = (type: string, data: Data = {}) => this.send(type, { customerOrderId, ...data }, 'customer');
    if (this.calm) return order.status === 'Held' ? of('ResumeCustomerOrder') : undefined;
    if (random.chance(0.3)) of('AmendCustomerOrder', { quantity: pcs(random.between(1, 24)) });
    else if (random.chance(0.2)) of('AmendCustomerOrder', { due: this.at(random.between(1, 12) * 24) });
    else if (random.chance(0.2)) of('HoldCustomerOrder');
    else if (random.chance(0.2)) of('CancelCustomerOrder', { running: random.pick(['Ask', 'Stop', 'Finish']) });
    if (random.chance(0.7)) of('ResumeCustomerOrder');
  }

  private planner(customerOrderId: string): void {
    const order = this.order(customerOrderId);
    const { random, calm } = this;
    if (!order) return;
    for (const { leg } of order.legs.filter(({ blocked }) => blocked))
      this.send(random.chance(0.5) ? 'RetryCompensation' : 'SettleCompensation', { customerOrderId, leg }, 'planner');
    if (!calm && random.chance(0.03)) this.send('RejectPlan', { planId: planIdOf(customerOrderId, order.plans.length + 1) }, 'planner');
    for (let n = 1; n < 40; n += 1) {
      const decisionId = decisionIdOf(customerOrderId, `D${n}`);
      const asked = this.world.commands.state(decision, decisionId);
      if (asked.status === 'unknown') return;
      if (asked.status !== 'open' || !(calm || random.chance(0.6))) continue;
      const options = asked.question.options.map(({ option }) => option);
      const last = ['AcceptShort', 'AcceptPartial', 'Finish', 'ShipAgain', 'Count', 'TryAgain', 'Wait', 'Cancel'].find((each) =>
        options.includes(each),
      );
      const option = calm ? (options.includes('Cancel') && n > 12 ? 'Cancel' : last!) : random.pick(options);
      if (!calm && random.chance(0.05)) this.send('WithdrawDecision', { decisionId }, 'planner');
      else this.send('MakeDecision', { decisionId, option }, 'planner');
    }
  }

  private *legs(plant?: string): Generator<Readonly<{ id: string; order: KnownOrder; leg: Leg }>> {
    for (const id of this.orders) {
      const order = this.order(id);
      for (const leg of order?.legs ?? []) if (!plant || leg.facilityId === plant) yield { id, order: order!, leg };
    }
  }

  /** A plant works on what it may start. */
  private plant(plant: string): void {
    for (const { id, order, leg } of this.legs(plant)) {
      this.work(plant, legIdOf(id, leg.leg, plant));
      if (!this.calm && this.random.chance(0.15)) this.correct(plant, legIdOf(id, leg.leg, plant));
      if (order.demand.shipTo && leg.made) this.ship(plant, id, leg);
    }
    for (const { id, leg } of this.legs()) if (plant === HUB) this.receive(id, leg);
  }

  private work(plant: string, workOrderId: string): void {
    const { random, calm } = this;
    const order = this.world.commands.state(workOrder, workOrderId);
    const say = (type: string, data: Data = {}) => this.sayAt(plant, type, { workOrderId, ...data });
    if (order.status === 'AllowedToStart') {
      if (!calm && random.chance(0.08)) return say('CancelWorkOrder');
      if (!calm && !random.chance(0.6)) return;
      // What it began while it was cut off may have been refused: in the end it begins again.
      if (this.began.has(workOrderId) && (!calm || this.silent.has(plant))) return;
      say('StartWorkOrder', { equipmentId: `${plant}.M1` });
      // It does not know that the order may be cancelled meanwhile, and what it has made it has made.
      if (!this.silent.has(plant)) return;
      this.began.add(workOrderId);
      this.report(plant, workOrderId, random.between(1, Number(order.terms.quantity)), 'ObserveProduction');
    } else if (order.status === 'Running' || order.status === 'Interrupted') {
      if (order.status === 'Interrupted') return say('ResumeWorkOrder');
      const done = order.operations[0]!.good;
      const left = minus(order.terms.quantity, done);
      if (!calm && random.chance(0.04)) return say('AbortWorkOrder');
      if (!calm && random.chance(0.06)) return say('PauseWorkOrder');
      if (Number(left) > 0) this.report(plant, workOrderId, calm ? Number(left) : random.between(1, Number(left)));
      if (Number(left) <= 0 || calm || random.chance(0.15)) say('StopWorkOrder');
    }
  }

  private report(plant: string, workOrderId: string, good: number, type = 'ReportProduction'): void {
    const to = this.at(0, plant);
    const from = new Date(Date.parse(to) - 5 * MINUTE).toISOString();
    const scrap = this.random.chance(0.1) ? [{ quantity: '1', reasonCode: 'crack' }] : [];
    const data = { reportId: `r${(this.count += 1)}`, operationId: '10', equipmentId: `${plant}.M1`, good: String(good), scrap, from, to };
    this.sayAt(plant, type, { workOrderId, kind: 'Production', ...data });
    this.reports.set(data.reportId, { workOrderId, good });
  }

  /** A supervisor finds that fewer pieces were good, perhaps long after the order is over. */
  private correct(plant: string, workOrderId: string): void {
    const reports = [...this.reports].filter(([, each]) => each.workOrderId === workOrderId && each.good > 0);
    if (reports.length === 0) return;
    const [reportId, { good }] = this.random.pick(reports);
    const replacement = { replacementReportId: `r${(this.count += 1)}`, good: this.random.between(0, good - 1) };
    this.reports.delete(reportId);
    this.reports.set(replacement.replacementReportId, { workOrderId, good: replacement.good });
    this.sayAt(plant, 'CorrectReport', { workOrderId, reportId, ...replacement, good: String(replacement.good) });
  }

  private ship(plant: string, order: string, leg: Leg): void {
    const { random, calm } = this;
    for (let attempt = 1; attempt <= MOST_TRANSFERS; attempt += 1) {
      const transferId = transferIdOf(order, leg.leg, plant, attempt);
      const transfer = this.world.commands.state(interFacilityTransfer, transferId);
      if (transfer.status === 'unknown') return;
      const say = (type: string, data: Data = {}) => this.sayAt(plant, type, { transferId, ...data });
      const [planned] = 'planned' in transfer ? transfer.planned : [];
      if (transfer.status === 'planned' && !calm && random.chance(0.1)) say('CancelTransfer');
      else if (transfer.status === 'planned' && !calm && random.chance(0.5)) {
        const lotId = `${plant}.S${attempt}_${leg.leg}_${order.slice(5)}`;
        const some = random.chance(0.8) ? planned!.quantity : pcs(random.between(1, Number(planned!.quantity.amount)));
        if (random.chance(0.9)) say('ReceiveLot', { lotId, materialId: PRODUCT, quantity: planned!.quantity });
        say('PickTransfer', { items: [{ materialId: PRODUCT, quantity: some, lotId }] });
      } else if (transfer.status === 'planned' || transfer.status === 'picked') say('ShipTransfer', { eta: this.at(24, plant) });
      else if (transfer.status === 'shipped' && (calm || random.chance(0.2))) {
        const inbound = this.world.commands.state(inboundTransfer, atReceiver(transferId, HUB)!);
        if (inbound.status === 'refused') say('ReturnTransfer');
        else if (!calm && random.chance(0.3)) say('ReportLoss');
      }
    }
  }

  private receive(order: string, leg: Leg): void {
    const { random, calm } = this;
    for (let attempt = 1; attempt <= MOST_TRANSFERS; attempt += 1) {
      const inboundTransferId = atReceiver(transferIdOf(order, leg.leg, leg.facilityId, attempt), HUB)!;
      const inbound = this.world.commands.state(inboundTransfer, inboundTransferId);
      if (inbound.status !== 'announced' || !(calm || random.chance(0.6))) continue;
      const say = (type: string, data: Data = {}) => this.sayAt(HUB, type, { inboundTransferId, ...data });
      const [{ item, shipped } = { item: '', shipped: '0' }] = inbound.books;
      const part = random.between(0, Number(shipped));
      if (calm || random.chance(0.5)) say('ReceiveInboundTransfer', { receiptId: `R${(this.count += 1)}`, complete: calm });
      else if (random.chance(0.15)) say('RefuseInboundTransfer');
      else if (random.chance(0.15)) say('DeclareInboundLoss');
      else {
        const damaged = random.chance(0.5) ? Math.min(1, Number(shipped) - part) : 0;
        const items = [{ item, received: String(part), damaged: String(damaged) }];
        say('ReceiveInboundTransfer', { receiptId: `R${(this.count += 1)}`, items, complete: random.chance(0.4) });
      }
    }
  }

  private carrier(): void {
    if (this.calm) return;
    for (const { id, leg } of this.legs())
      if (leg.facilityId !== HUB && this.random.chance(0.1))
        this.send('ReportDelay', { transferId: transferIdOf(id, leg.leg, leg.facilityId), eta: this.at(48) }, 'carrier');
  }

  /** Others take capacity, and give it back. */
  private rival(): void {
    const { random } = this;
    if (this.calm) {
      for (const capacityId of PLANTS.map((plant) => `${plant}.cell`))
        for (const blockId of Object.keys(this.world.commands.state(facilityCapacity, capacityId).blocks))
          this.send('UnblockCapacity', { capacityId, blockId }, 'rival');
      return;
    }
    const capacityId = `${random.pick(PLANTS)}.cell`;
    const buckets = [{ date: this.at(24 * random.between(0, 6)).slice(0, 10), minutes: random.between(30, 240) }];
    const n = random.between(1, 5);
    if (random.chance(0.4))
      this.send('ReserveCapacity', { capacityId, reservationId: `X${(this.count += 1)}`, buckets, lastsMinutes: 600 }, 'rival');
    else if (random.chance(0.5)) this.send('BlockCapacity', { capacityId, blockId: `B${n}`, buckets }, 'rival');
    else this.send('UnblockCapacity', { capacityId, blockId: `B${n}` }, 'rival');
  }

  /** Says something at a plant, by its clock; a plant that is cut off says it when it is back. */
  private sayAt(plant: string, type: string, data: Data): void {
    const occurredAt = this.at(0, plant);
    const say = () => this.send(type, { occurredAt, ...data }, plant);
    const silent = this.silent.get(plant);
    if (silent) silent.did.push(say);
    else say();
  }

  private at(hours: number, whose = ''): string {
    const { now, skews } = this.world.time;
    return new Date(now + (this.calm ? 0 : (skews.get(whose) ?? 0)) + hours * HOUR).toISOString();
  }
}
