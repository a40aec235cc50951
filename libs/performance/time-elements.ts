/**
 * The time elements of ISO 22400-2 for one machine: every moment of its planned operation time belongs to exactly one of them. Hides: how
 * states, orders and classified stops become elements. Promises: no gap and no overlap; whole milliseconds. Does not: know shifts or quantities.
 */

/** A period of time in ms since 1970, without its end. */
export type Period = Readonly<{ from: number; to: number }>;

/** An interval that a machine spent in one state (the view equipment-timeline). */
export type StateInterval = Period &
  Readonly<{
    state: string;
    /** True if the machine had a work order. */
    ordered: boolean;
    /** How the stop that it belongs to was classified. */
    lossClass?: string | null;
  }>;

/** Milliseconds by element, in the names of ISO 22400-2. */
export type TimeElements = Readonly<{
  /** POT, planned operation time. */
  plannedOperation: number;
  /** PDOT: stops that are classified as PlannedMaintenance or Break. */
  plannedDown: number;
  /** PBT = POT − PDOT. It is the sum of the elements below. */
  plannedBusy: number;
  /** APT: the machine executed. */
  production: number;
  /** AUST: set up for an order. */
  setup: number;
  /** ADET: delayed, with an order at the machine. */
  delay: number;
  /** ADOT: down, without an order. */
  down: number;
  /** Nothing is known of the machine. Never counted as production. */
  unclassified: number;
}>;

export type Part = Exclude<keyof TimeElements, 'plannedOperation' | 'plannedBusy'>;

export const NO_TIME: TimeElements = {
  plannedOperation: 0,
  plannedDown: 0,
  plannedBusy: 0,
  production: 0,
  setup: 0,
  delay: 0,
  down: 0,
  unclassified: 0,
};

/** The element that a state counts for (OPC 40001-1, annex C.2): a stop is a delay with an order, and down time without. */
export function elementOf({ state, ordered, lossClass }: Pick<StateInterval, 'state' | 'ordered' | 'lossClass'>): Part {
  if (state === 'Unknown') return 'unclassified';
  if (state === 'Execute') return 'production';
  if (lossClass === 'PlannedMaintenance' || lossClass === 'Break') return 'plannedDown';
  if (lossClass === 'SetupAndAdjustment') return 'setup';
  if (!ordered) return 'down';
  return state === 'Starting' || state === 'Resetting' ? 'setup' : 'delay';
}

/**
 * Visits the periods piece by piece, each with the interval that it lies in, if any. The periods do not overlap; the intervals of a machine do not
 * overlap and are in order.
 */
export function eachPiece<I extends Period>(
  periods: readonly Period[],
  intervals: readonly I[],
  visit: (interval: I | undefined, from: number, to: number) => void,
): void {
  for (const { from, to } of periods) {
    let at = from;
    for (let index = firstAfter(intervals, from); index < intervals.length && intervals[index]!.from < to; index += 1) {
      const interval = intervals[index]!;
      const begin = Math.max(interval.from, at);
      const end = Math.min(interval.to, to);
      if (end <= begin) continue;
      if (begin > at) visit(undefined, at, begin);
      visit(interval, begin, end);
      at = end;
    }
    if (at < to) visit(undefined, at, to);
  }
}

/** The place of the first interval that ends after a moment. */
function firstAfter(intervals: readonly Period[], at: number): number {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (intervals[middle]!.to <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Planned periods as they count: up to `now`; those that overlap or touch count once. */
export const passed = (planned: readonly Period[], now: number): Period[] =>
  merged(planned.map(({ from, to }) => ({ from, to: Math.min(to, now) })));

/**
 * The elements of the planned periods, up to `now`. The intervals of a machine do not overlap and are in order; where there is none, time is
 * unclassified.
 */
export function timeElements(planned: readonly Period[], intervals: readonly StateInterval[], now: number): TimeElements {
  const spent: Record<Part, number> = { plannedDown: 0, production: 0, setup: 0, delay: 0, down: 0, unclassified: 0 };
  let plannedOperation = 0;
  eachPiece(passed(planned, now), intervals, (interval, from, to) => {
    plannedOperation += to - from;
    spent[interval ? elementOf(interval) : 'unclassified'] += to - from;
  });
  return { ...spent, plannedOperation, plannedBusy: plannedOperation - spent.plannedDown };
}

/** Periods in order, without those that are empty, and with those that overlap or touch made one. */
export function merged(periods: readonly Period[]): Period[] {
  const result: Period[] = [];
  for (const { from, to } of [...periods].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (to <= from) continue;
    if (last && from <= last.to) result[result.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    else result.push({ from, to });
  }
  return result;
}

/** Elements of several machines or periods together: KPIs are rolled up by sums, never by averages. */
export function sumOfElements(all: readonly TimeElements[]): TimeElements {
  const add = (a: TimeElements, b: TimeElements): TimeElements => {
    const sum = { ...a } as Record<keyof TimeElements, number>;
    for (const name of Object.keys(NO_TIME) as (keyof TimeElements)[]) sum[name] += b[name];
    return sum;
  };
  return all.reduce(add, NO_TIME);
}

/** The periods that two lists have in common; each is in order and without overlaps, as of `merged`. */
export function common(some: readonly Period[], others: readonly Period[]): Period[] {
  const result: Period[] = [];
  eachPiece(some, others, (other, from, to) => {
    if (other) result.push({ from, to });
  });
  return result;
}

/** The time in which a machine had orders, cut wherever one came or went. */
function segments(orders: readonly Period[]): Period[] {
  const changes = orders.filter(({ from, to }) => to > from).flatMap(({ from, to }) => [[from, 1] as const, [to, -1] as const]);
  changes.sort(([a], [b]) => a - b);
  const result: Period[] = [];
  let held = 0;
  changes.forEach(([at, change], index) => {
    const before = changes[index - 1]?.[0] ?? at;
    if (held > 0 && at > before) result.push({ from: before, to: at });
    held += change;
  });
  return result;
}

/** Intervals of a machine, cut wherever an order came or went: whether it had one decides between delay and down time. */
export function withOrders<I extends Period>(intervals: readonly I[], orders: readonly Period[]): (I & { ordered: boolean })[] {
  const held = segments(orders);
  return intervals.flatMap((interval) => {
    const pieces: (I & { ordered: boolean })[] = [];
    eachPiece([interval], held, (order, from, to) => pieces.push({ ...interval, from, to, ordered: order !== undefined }));
    return pieces;
  });
}
