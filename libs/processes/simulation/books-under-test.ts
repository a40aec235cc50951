/**
 * What must be true of every run of a simulation, whatever happened in it. Reads the streams of plants, not what the order believes. Promises: each
 * fault in words, with the ids that it is about. Does not: know what was disturbed.
 */
import type { CustomerOrderEvent } from '#customer-order/customer-order.events';
import { customerOrder } from '#customer-order/customer-order';
import type { KnownOrder } from '#customer-order/order-state';
import { facilityCapacity, minutesOf } from '#facility-capacity/facility-capacity';
import { inboundTransfer } from '#inbound-transfer/inbound-transfer';
import { interFacilityTransfer } from '#inter-facility-transfer/inter-facility-transfer';
import type { Recorded } from '#kernel/event';
import type { AnyProcess } from '#kernel/process';
import { legIdOf, MOST_TRANSFERS, transferIdOf } from '#manufacturing/order-ids';
import { compare, minus, plus, sum } from '#manufacturing/quantity';
import { inTransit, totalsOf } from '#manufacturing/shipment';
import { atReceiver } from '#manufacturing/transfer-ids';
import type { InstanceEvent } from '#platform/processes/record';
import type { World } from '#platform/testing/simulation/simulated-workers';
import { workOrder } from '#work-order/work-order';
import { HUB, PLANTS } from './people-under-test';

/** What undoes each step at its plant, first done first. */
const UNDO = ['ReservationReleased', 'ProductionOrderCancelled', 'WorkOrderCancelled'];

export class Books {
  readonly faults: string[] = [];
  private readonly amended = new Set<string>();
  /** Ids of commands that processes have sent and that had an effect. */
  private readonly effects = new Map<string, string>();
  private readonly requested = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly orders: readonly string[],
    private readonly processes: readonly AnyProcess[],
  ) {}

  /** Looks at each event when it is recorded: its effect is not yet in the state. */
  enter(event: Recorded): void {
    const { actor, commandId } = event.metadata;
    if (event.type === 'CapacityReserved') this.capacity(event as never);
    if (event.type === 'ReservationReleased') this.release(event as never);
    if (actor.startsWith('process:') && !event.stream.startsWith(actor.slice('process:'.length))) this.effects.set(commandId, event.stream);
    if (event.type === 'CustomerOrderAmended') this.amended.add((event.data as { customerOrderId: string }).customerOrderId);
  }

  /** All orders are over. */
  get areClosed(): boolean {
    return this.orders.every((id) => {
      const { status } = this.world.commands.state(customerOrder, id);
      return status === 'Unknown' || status === 'Completed' || status === 'Cancelled';
    });
  }

  /** Everything that is wrong at the end. */
  closed(): readonly string[] {
    for (const id of this.orders) {
      const order = this.world.commands.state(customerOrder, id);
      if (order.status === 'Unknown') continue;
      if (order.status !== 'Completed' && order.status !== 'Cancelled') this.faults.push(`${id} is ${order.status} for ever`);
      this.quantities(id, order);
      this.reservations(id);
      this.undone(id, order);
      for (const { leg, facilityId } of order.legs)
        for (let attempt = 1; attempt <= MOST_TRANSFERS; attempt += 1) this.shipment(transferIdOf(id, leg, facilityId, attempt));
    }
    for (const stream of this.world.store.names()) {
      const process = this.processes.find(({ name }) => stream.startsWith(`${name}-`));
      if (process) this.instance(stream);
    }
    for (const [id, stream] of this.effects)
      if (!this.requested.has(id)) this.faults.push(`a process has acted on ${stream} under an id that no step has recorded`);
    for (const plant of PLANTS) this.expired(plant);
    return [...new Set(this.faults)];
  }

  /** What was not confirmed in time is free again. */
  private expired(plant: string): void {
    const { reservations } = this.world.commands.state(facilityCapacity, `${plant}.cell`);
    for (const [id, { confirmed, expiresAt }] of Object.entries(reservations))
      if (!confirmed && expiresAt && Date.parse(expiresAt) < this.world.time.now - 3_600_000)
        this.faults.push(`${id} in ${plant} never expires`);
  }

  /** What is confirmed does not expire. */
  private release({ data }: Recorded & { data: { capacityId: string; reservationId: string; cause: string } }): void {
    const { [data.reservationId]: reservation } = this.world.commands.state(facilityCapacity, data.capacityId).reservations;
    if (data.cause === 'Expired' && reservation?.confirmed) this.faults.push(`${data.reservationId} was confirmed, and expired`);
  }

  /** No bucket above capacity by a reservation (I19). */
  private capacity({ data }: Recorded & { data: { capacityId: string; buckets: { date: string; minutes: number }[] } }): void {
    const { terms, taken } = this.world.commands.state(facilityCapacity, data.capacityId);
    for (const { date, minutes } of data.buckets)
      if ((taken[date] ?? 0) + minutes > (terms ? minutesOf(terms) : 0)) this.faults.push(`${data.capacityId} is overbooked on ${date}`);
  }

  /** What the plants made and the receiver has, with what is missing, is what was ordered (I1). */
  private quantities(id: string, order: KnownOrder): void {
    const { commands } = this.world;
    let all = '0';
    const counted = Object.values(order.decisions).includes('Count');
    for (const { leg, facilityId, status } of order.legs) {
      const work = commands.state(workOrder, legIdOf(id, leg, facilityId));
      // What a plant made for a leg that was taken back counts only by the decision of a person, or in the balance of a cancelled order.
      const anyway = work.status === 'Cancelled' && status !== 'Undone' && (counted || order.status === 'Cancelled');
      const over = work.status === 'Ended' || work.status === 'Aborted' || anyway;
      if (status === 'Undone' && work.status !== 'Unknown' && work.status !== 'Cancelled')
        this.faults.push(`leg ${leg} of ${id} is undone, and its work order is ${work.status}`);
      if (status !== 'Undone' && !over) this.faults.push(`leg ${leg} of ${id} is ${status}, and its work order is ${work.status}`);
      if (!over) continue;
      const shipped = order.demand.shipTo && order.demand.shipTo !== facilityId && order.status === 'Completed';
      all = plus(all, shipped ? this.arrived(id, leg, facilityId, work.operations[0]!.good) : work.operations[0]!.good);
    }
    if (order.status !== 'Completed') return;
    const results = ['CustomerOrderCompleted', 'CustomerOrderResultCorrected'];
    const ended = this.world.store.of<CustomerOrderEvent>(`customer-order-${id}`).filter(({ type }) => results.includes(type));
    const short = (ended.at(-1)!.data as { short?: string }).short ?? '0';
    const { quantity } = order.demand;
    const enough = compare(plus(all, short), quantity);
    if (enough < 0 || (enough > 0 && short !== '0'))
      this.faults.push(`of ${id} ${all} are there and ${short} short, of ${quantity} ordered`);
    if (enough > 0 && !counted && !this.amended.has(id)) this.faults.push(`of ${id} ${minus(all, quantity)} were made twice`);
  }

  /** What has arrived of a leg; what its plant keeps where it was decided not to ship it. */
  private arrived(id: string, leg: number, plant: string, good: string): string {
    const states = Array.from({ length: MOST_TRANSFERS }, (_, n) =>
      this.world.commands.state(interFacilityTransfer, transferIdOf(id, leg, plant, n + 1)),
    );
    const closed = states.filter(({ status }) => status === 'closed');
    return closed.length === 0 ? good : sum(closed.map((each) => ('books' in each ? totalsOf(each.books).received : '0')));
  }

  /** Nothing stays reserved once it is over. */
  private reservations(id: string): void {
    for (const plant of PLANTS)
      for (const reservation of Object.keys(this.world.commands.state(facilityCapacity, `${plant}.cell`).reservations))
        if (reservation.endsWith(id.replace('.', '_'))) this.faults.push(`${reservation} is still reserved in ${plant}`);
  }

  /** At its plant, each step is undone once, newest first. */
  private undone(id: string, order: KnownOrder): void {
    for (const { leg, facilityId, status } of order.legs) {
      if (status !== 'Undone') continue;
      const local = legIdOf(id, leg, facilityId).slice(facilityId.length + 1);
      const done = this.world.store.log.filter(
        ({ type, data, metadata }) =>
          UNDO.includes(type) &&
          metadata.facility === facilityId &&
          metadata.actor === 'process:when-customer-order-placed-fulfil-it' &&
          Object.values(data as object).some((value) => value === local || value === `${facilityId}.${local}`),
      );
      const places = done.map(({ type }) => UNDO.indexOf(type));
      if (places.some((place, n) => n > 0 && place >= places[n - 1]!))
        this.faults.push(`leg ${leg} of ${id} was undone as ${done.map(({ type }) => type).join(', ')}`);
    }
  }

  /** What was shipped is received, short, damaged, lost, returned or in transit, by the books of both plants (I18). */
  private shipment(transferId: string): void {
    const here = this.world.commands.state(interFacilityTransfer, transferId);
    if (!('books' in here) || here.books.length === 0) return;
    const there = this.world.commands.state(inboundTransfer, atReceiver(transferId, HUB)!);
    const books = totalsOf(here.books);
    const parts = sum([books.received, books.short, books.damaged, books.lost, books.returned, inTransit(books)]);
    if (parts !== plus(books.shipped, books.over))
      this.faults.push(`of ${transferId} ${books.shipped} were shipped, its parts are ${parts}`);
    const other = 'books' in there ? totalsOf(there.books) : undefined;
    if (JSON.stringify(other) !== JSON.stringify(books))
      this.faults.push(`the plants disagree on ${transferId}: ${JSON.stringify([books, other])}`);
  }

  /** Each input was taken once, each action has one outcome, and nothing was done under an id that no step has recorded. */
  private instance(stream: string): void {
    const events = this.world.store.of<InstanceEvent>(stream);
    const steps = events.flatMap((event) => (event.type === 'StepTaken' ? [event.data] : []));
    const outcomes = events.flatMap((event) => (event.type === 'OutcomeRecorded' ? [event.data.commandId] : []));
    const sent = steps.flatMap(({ sends }) => sends.map(({ commandId }) => commandId));
    for (const id of sent) this.requested.add(id);
    const inputs = steps.map(({ inputId }) => inputId);
    if (new Set(inputs).size !== inputs.length) this.faults.push(`${stream} has taken an input twice`);
    if (new Set(outcomes).size !== outcomes.length) this.faults.push(`${stream} has recorded an outcome twice`);
    if (sent.some((id) => !outcomes.includes(id))) this.faults.push(`${stream} has an action without an outcome`);
    const parked = events.find(({ type }) => type === 'InstanceParked');
    if (parked) this.faults.push(`${stream} is parked: ${JSON.stringify(parked.data).slice(0, 300)}`);
  }
}
