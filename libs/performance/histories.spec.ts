/**
 * The time elements from the views are those of an independent fold: for random histories of a machine, made by its decider, every minute is looked
 * up in the events themselves.
 */
import * as fc from 'fast-check';
import { equipment } from '#equipment/equipment';
import { equipmentAssignment } from '#equipment/equipment-assignment.view';
import { equipmentStop } from '#equipment/equipment-stop.view';
import { equipmentTimeline } from '#equipment/equipment-timeline.view';
import { LossClass, PackmlInput, PackmlState, SignalQuality, type EquipmentEvent } from '#equipment/equipment.events';
import { digestOf } from '#platform/commands/digest';
import { folded } from '#platform/testing/folded';
import { elementOf, NO_TIME, timeElements, withOrders, type Part, type TimeElements } from './time-elements';

const equipmentId = 'haifa.M4';
const stream = `equipment-${equipmentId}`;
const MINUTE = 60_000;
const START = Date.parse('2026-01-05T08:00:00.000Z');
const LENGTH = 60;
const at = (minute: number) => new Date(START + minute * MINUTE).toISOString();
const minuteOf = (instant: string) => (Date.parse(instant) - START) / MINUTE;

const minute = fc.integer({ min: 0, max: LENGTH - 1 });
const order = fc.constantFrom('haifa.W1', 'haifa.W2', 'haifa.W3');
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant('ObserveEquipmentState'),
      fc.record({
        state: fc.constantFrom(...Object.values(PackmlState), 'nonsense'),
        quality: fc.constantFrom(...Object.values(SignalQuality), 'GOOD', 'GOOD'),
      }),
    ),
  },
  fc.tuple(
    fc.constantFrom(
      ...Object.values(PackmlInput).map((input) => (input === 'StateComplete' ? 'ReportStateComplete' : `${input}Equipment`)),
    ),
    fc.constant({}),
  ),
  fc.tuple(fc.constantFrom('AssignEquipment', 'UnassignEquipment', 'RecordJobBegun', 'RecordJobEnded'), fc.record({ workOrderId: order })),
  fc.tuple(
    fc.constant('ClassifyStop'),
    fc.record({
      stopId: fc.integer({ min: 1, max: 5 }).map((n) => `S${n}`),
      reasonCode: fc.constant('r'),
      lossClass: fc.constantFrom(...Object.values(LossClass)),
    }),
  ),
);
const steps = fc.array(fc.tuple(step, minute), { maxLength: 30 });

/** What the decider makes of the steps; refusals change nothing. */
function historyOf(all: readonly (readonly [readonly [string, object], number])[]): EquipmentEvent[] {
  const events: EquipmentEvent[] = [];
  let machine = equipment.initial;
  const take = (type: string, command: object, when: number) => {
    const context = { now: at(LENGTH), occurredAt: at(when), actor: 'a', role: 'operator', commandId: 'c', digestOf };
    try {
      const decide = equipment.decide[type as keyof typeof equipment.decide] as (...input: unknown[]) => EquipmentEvent[];
      const more = decide({ equipmentId, ...command }, machine, context);
      machine = more.reduce(equipment.evolve, machine);
      events.push(...more);
    } catch (error) {
      if ((error as Error).name !== 'Rejected') throw error;
    }
  };
  take('RegisterEquipment', { name: 'M4', equipmentClass: 'milling', capacityMode: 'Infinite' }, 0);
  for (const [[type, command], when] of all) take(type, command, when);
  return events;
}

const stateAt = (states: ReadonlyMap<number, string>, minute: number) =>
  states.get(Math.max(-1, ...[...states.keys()].filter((begin) => begin <= minute)));

/** The elements of all minutes from `from` to `to`, each looked up in the events. */
function lookedUp(events: readonly EquipmentEvent[], from: number, to: number): TimeElements {
  const states = new Map<number, string>();
  const stops = new Map<string, { from: number; to: number; lossClass: string | null }>();
  const orders: { id: string; from: number; to: number }[] = [];
  for (const { type, data } of events) {
    if (type === 'EquipmentStateChanged') states.set(minuteOf(data.at), data.to);
    else if (type === 'EquipmentStateObserved') {
      const state = data.lost ? 'Unknown' : data.state;
      const when = minuteOf(data.at);
      const late = Math.max(-1, ...states.keys()) > when;
      // Of two at one time the later counts, unless a later one was known already.
      if (state !== null && !(late && states.has(when))) states.set(when, state);
    } else if (type === 'StopOpened')
      stops.set(data.stopId, { from: minuteOf(data.at), to: data.closedAt ? minuteOf(data.closedAt) : Infinity, lossClass: null });
    else if (type === 'StopClosed') stops.get(data.stopId)!.to = minuteOf(data.at);
    else if (type === 'StopCorrected')
      Object.assign(stops.get(data.stopId)!, { from: minuteOf(data.openedAt), to: data.closedAt ? minuteOf(data.closedAt) : Infinity });
    else if (type === 'StopClassified') stops.get(data.stopId)!.lossClass = data.lossClass;
    else if (type === 'EquipmentAssigned') orders.push({ id: data.workOrderId, from: minuteOf(data.at), to: Infinity });
    else if (type === 'EquipmentUnassigned')
      orders.find(({ id, to: end }) => id === data.workOrderId && end === Infinity)!.to = minuteOf(data.at);
  }
  const spent: Record<Part, number> = { plannedDown: 0, production: 0, setup: 0, delay: 0, down: 0, unclassified: 0 };
  for (let now = from; now < to; now += 1) {
    const state = stateAt(states, now);
    const lossClass = [...stops.values()].find((stop) => stop.from <= now && now < stop.to)?.lossClass ?? null;
    const ordered = orders.some((held) => held.from <= now && now < held.to);
    spent[state === undefined ? 'unclassified' : elementOf({ state, ordered, lossClass })] += MINUTE;
  }
  const plannedOperation = (to - from) * MINUTE;
  return { ...NO_TIME, ...spent, plannedOperation, plannedBusy: plannedOperation - spent.plannedDown };
}

/** The elements as the api computes them from the rows of the views. */
function fromViews(events: readonly EquipmentEvent[], from: number, to: number): TimeElements {
  const period = (row: { startedAt: string; endedAt: string | null }) => ({
    from: Date.parse(row.startedAt),
    to: row.endedAt === null ? Infinity : Date.parse(row.endedAt),
  });
  const stops = folded(equipmentStop, [stream, events]);
  const intervals = Object.values(folded(equipmentTimeline, [stream, events]))
    .map((row) => ({
      ...period(row),
      state: row.state as string,
      lossClass: row.stopId === null ? null : stops[`${equipmentId}/${row.stopId}`]!.lossClass,
    }))
    .filter((interval) => interval.to > interval.from)
    .sort((a, b) => a.from - b.from);
  const orders = Object.values(folded(equipmentAssignment, [stream, events])).map(period);
  return timeElements([{ from: START + from * MINUTE, to: START + to * MINUTE }], withOrders(intervals, orders), START + LENGTH * MINUTE);
}

test('elements from the views are those of every minute, looked up in the events', () => {
  let stopped = 0;
  fc.assert(
    fc.property(steps, minute, minute, (all, some, other) => {
      const events = historyOf(all);
      const [from, to] = [Math.min(some, other), Math.max(some, other) + 1];
      const elements = fromViews(events, from, to);
      expect(elements).toEqual(lookedUp(events, from, to));
      stopped += elements.delay + elements.plannedDown > 0 ? 1 : 0;
    }),
    { numRuns: 1_000 },
  );
  // The histories are not trivial: about 120 have a stop in the period.
  expect(stopped).toBeGreaterThan(30);
});

test('a stop that a late loss of signal splits keeps its loss class to its own part', () => {
  const clearing = (quality: string): readonly [string, object] => ['ObserveEquipmentState', { state: 'Clearing', quality }];
  const all: Parameters<typeof historyOf>[0] = [
    [clearing('GOOD'), 3],
    [clearing('GOOD'), 2],
    [['ClassifyStop', { stopId: 'S1', reasonCode: 'r', lossClass: 'Break' }], 0],
    [clearing('GOOD'), 0],
    [clearing('BAD'), 1],
  ];
  const events = historyOf(all);
  expect(fromViews(events, 0, 4)).toEqual(lookedUp(events, 0, 4));
});
