/** Both planners against all placements of small cases, enumerated. What fits is computed here, by whole pieces, and shares no code with them. */
import * as fc from 'fast-check';
import type { Candidate, PlanInputs, PlanOrder } from './allocation-plan.events';
import { type BatchPlan, planBatch } from './batch';
import type { BatchInputs, BatchOrder, StockLot } from './batch-inputs';
import { loadSolver } from './highs.solver';
import type { Solve } from './linear-model';
import { planOf } from './planner';
import { type Kept, stockSteps } from './stock';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const EARLIEST = '2026-01-05T06:00:00Z';
const FIRST = Date.parse('2026-01-05T00:00:00Z');

/** Free minutes of each day that has ended by an instant. */
function freeDays(until: number, minutesPerDay: number, taken: Readonly<Record<string, number>>): number[] {
  const days: number[] = [];
  for (let day = FIRST; day + DAY <= until; day += DAY) {
    // A quarter of the first day has passed; what is taken may all be in the rest.
    const open = day === FIRST ? Math.floor((minutesPerDay * 3) / 4) : minutesPerDay;
    days.push(Math.max(0, open - (taken[new Date(day).toISOString().slice(0, 10)] ?? 0)));
  }
  return days;
}
const sumOf = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
/** In millionths, so that it is exact. */
const micro = (amount: string): number => Math.round(Number(amount) * 1e6);
const minutesOf = (pieces: number, minutesPerUnit: string, setup: number): number =>
  pieces === 0 ? 0 : setup + Math.ceil((pieces * micro(minutesPerUnit)) / 1e6);

/** Every way to give each of some places a number of pieces, of at most so many together. */
function* splits(places: number, most: number): Generator<readonly number[]> {
  if (places === 0) return yield [];
  for (let own = 0; own <= most; own += 1) for (const rest of splits(places - 1, most - own)) yield [own, ...rest];
}

const terms = {
  minutesPerUnit: fc.constantFrom('0.7', '1', '2', '3.333333'),
  setupMinutes: fc.integer({ min: 0, max: 3 }),
  costPerUnit: fc.constantFrom('1', '2', '2.5'),
  minBatch: fc.constantFrom(undefined, undefined, '1', '2.5', '3'),
};
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('the plan of one order', () => {
  type Stocked = Candidate & Readonly<{ materials?: readonly Kept[] }>;
  const steps = (order: PlanOrder, materials: readonly Kept[]) => {
    const stock = stockSteps(order, materials);
    return stock ? { stock } : {};
  };
  const aLot = (lotId: string, quantity: string, expiresAt: string | null) => ({
    lotId: `x.${lotId}`,
    quantity,
    expiresAt,
    unit: 'kg' as const,
  });
  const material = (lots: readonly ReturnType<typeof aLot>[], quantityPerUnit = '2') => [{ materialId: 'steel', quantityPerUnit, lots }];
  const stocked = fc.constantFrom(
    undefined,
    undefined,
    undefined,
    material([]),
    material([aLot('L1', '5', null)]),
    // The second lot is gone before the third day.
    material([aLot('L1', '3.5', '2026-01-06T00:00:00Z'), aLot('L2', '4', '2026-01-07T20:00:00Z'), aLot('L3', '2', null)]),
    material([aLot('L1', '7', '2026-01-06T12:00:00Z'), aLot('L2', '0.5', null)], '0.7'),
    [
      ...material([aLot('L1', '100', null)]),
      { materialId: 'oil', quantityPerUnit: '0.5', lots: [aLot('O1', '1.5', '2026-01-07T00:00:00Z')] },
    ],
  );
  const candidate = (facilityId: string) =>
    fc.record({
      facilityId: fc.constant(facilityId),
      capacityId: fc.constant(`${facilityId}.cell`),
      ...terms,
      minutesPerDay: fc.constantFrom(3, 4, 4, 8, 8, 8, 0, undefined, null),
      taken: fc.constantFrom<Readonly<Record<string, number>>[]>({}, {}, { '2026-01-05': 2 }, { '2026-01-06': 3 }),
      materials: stocked,
      neverFor: fc.constantFrom(...Array<undefined>(7).fill(undefined), ['acme']),
      lane: fc.constantFrom(
        undefined,
        undefined,
        undefined,
        undefined,
        null,
        { transitHours: 24, costPerUnit: '0.5' },
        { transitHours: 7, costPerUnit: '1' },
      ),
    });
  const cases = fc.record({
    quantity: fc.integer({ min: 1, max: 9 }),
    maxLegs: fc.constantFrom(undefined, undefined, 1, 2),
    due: fc.constantFrom(...['06T00', '07T00', '07T08', '07T08', '08T00', '05T20'].map((hour) => `2026-01-${hour}:00:00Z`)),
    excluded: fc.constantFrom([], [], [], ['bonn']),
    candidates: fc.tuple(candidate('ayr'), candidate('bonn'), candidate('cork')).map((all) => plain(all) as unknown as Stocked[]),
  });

  /** Whether lots that last until the end of a day have enough of each material. */
  const isStocked = ({ materials = [] }: Stocked, pieces: number, day: number): boolean =>
    materials.every(({ quantityPerUnit, lots }) => {
      const usable = lots.filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) >= day + DAY);
      return Math.ceil((pieces * 1e6 * micro(quantityPerUnit)) / 1e6) <= sumOf(usable.map(({ quantity }) => micro(quantity)));
    });

  /** The most pieces, then the least cost, then the fewest legs. */
  function best({ quantity, maxLegs = 3, due, excluded }: PlanOrder, candidates: readonly Stocked[]) {
    const fits = (each: Stocked, pieces: number): boolean => {
      if (pieces === 0) return true;
      if (excluded.includes(each.facilityId) || each.neverFor || each.lane === null || each.minutesPerDay === undefined) return false;
      if (pieces * 1e6 < micro(each.minBatch ?? '0')) return false;
      const until = Date.parse(due) - (each.lane?.transitHours ?? 0) * HOUR;
      const work = minutesOf(pieces, each.minutesPerUnit, each.setupMinutes);
      if (each.minutesPerDay === null) return until >= FIRST + DAY && isStocked(each, pieces, FIRST);
      let left = work;
      for (const [n, free] of freeDays(until, each.minutesPerDay, each.taken).entries()) {
        left -= free;
        // Work begins at once, so it ends as early as it can.
        if (left <= 0) return isStocked(each, pieces, FIRST + n * DAY);
      }
      return false;
    };
    let found = { placed: 0, cost: 0, legs: 0 };
    for (const split of splits(candidates.length, Number(quantity))) {
      const legs = split.filter((pieces) => pieces > 0).length;
      if (legs > maxLegs || !candidates.every((each, n) => fits(each, split[n]!))) continue;
      const cost = sumOf(candidates.map((each, n) => (micro(each.costPerUnit) + micro(each.lane?.costPerUnit ?? '0')) * split[n]!));
      const placed = sumOf(split);
      const better = placed - found.placed || found.cost - cost || found.legs - legs;
      if (better > 0) found = { placed, cost, legs };
    }
    return found;
  }

  test('is the best of all: most pieces, then least cost, then fewest legs', () => {
    let [some, all, short] = [0, 0, 0];
    fc.assert(
      fc.property(cases, ({ quantity, candidates, maxLegs, ...rest }) => {
        const order: PlanOrder = {
          ...{ product: 'pump', customer: 'acme', quantity: String(quantity), unit: 'pcs', earliest: EARLIEST, ...rest },
          ...(maxLegs ? { maxLegs } : {}),
        };
        const stocked = candidates.map(({ materials = [], ...each }) => ({ ...each, ...steps(order, materials) }));
        const { legs, cost, unallocated } = planOf({ order, workMasterVersion: '1', candidates: stocked } satisfies PlanInputs);
        const placed = sumOf(legs.map((leg) => Number(leg.quantity)));
        expect({ placed, cost: micro(cost), legs: legs.length }).toEqual(best(order, candidates));
        expect(placed + sumOf(unallocated.map((part) => Number(part.quantity)))).toBe(quantity);
        if (unallocated.some(({ reason }) => reason === 'Material')) short += 1;
        if (placed > 0 && placed < quantity) some += 1;
        if (legs.length > 1) all += 1;
      }),
      { numRuns: 1_000 },
    );
    // The cases are not all alike.
    expect(some).toBeGreaterThan(10);
    expect(all).toBeGreaterThan(10);
    expect(short).toBeGreaterThan(10);
  });
});

describe('the plan of a batch', () => {
  let solve: Solve;
  beforeAll(async () => {
    solve = await loadSolver();
  });
  const PLANTS = ['ayr', 'bonn'];
  const lot = (lotId: string, quantity: string, expiresAt: string | null): StockLot => ({ lotId: `x.${lotId}`, quantity, expiresAt });
  const DUES = ['2026-01-06T00:00:00Z', '2026-01-07T00:00:00Z'];
  const cases = fc.record({
    orders: fc.array(
      fc.record({
        quantity: fc.integer({ min: 1, max: 4 }),
        due: fc.constantFrom(...DUES),
        priority: fc.constantFrom(1, 5, 9),
        maxLegs: fc.constantFrom(undefined, undefined, 1),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    plants: fc.tuple(fc.record(terms), fc.record(terms)),
    minutesPerDay: fc.tuple(fc.constantFrom(0, 3, 4, 8), fc.constantFrom(0, 3, 4, 8)),
    taken: fc.constantFrom<Readonly<Record<string, number>>[]>({}, {}, { '2026-01-05': 2 }, { '2026-01-06': 3 }),
    lots: fc.constantFrom<Readonly<Record<string, readonly StockLot[]>>[]>(
      {},
      {},
      { 'ayr.steel': [lot('B', '3', null)] },
      {
        'ayr.steel': [lot('B', '3', null), lot('A', '1.5', '2026-01-06T06:00:00Z')],
        'bonn.steel': [lot('C', '3', '2026-01-06T00:00:00Z')],
      },
      { 'ayr.steel': [lot('B', '4.5', '2026-01-06T00:00:00Z'), lot('A', '1.5', null), lot('D', '9', '2026-01-05T12:00:00Z')] },
    ),
  });
  type Case = Parameters<Parameters<typeof cases.map>[0]>[0];

  const inputsOf = ({ orders, plants, minutesPerDay, taken, lots }: Case): BatchInputs => ({
    earliest: EARLIEST,
    orders: orders.map(({ quantity, maxLegs, ...rest }, n): BatchOrder => ({
      ...{ customerOrderId: `corp.CO-${n}`, customer: 'acme', product: 'pump', quantity: String(quantity), unit: 'pcs', ...rest },
      ...(maxLegs ? { maxLegs } : {}),
    })),
    workMasters: {
      'corp.pump': {
        version: '1',
        unit: 'pcs',
        materials: [{ materialId: 'steel', quantityPerUnit: '1.5' }],
        facilities: plants.map(({ minBatch, ...rest }, n) => ({
          ...{ facilityId: PLANTS[n]!, capacityId: `${PLANTS[n]}.cell`, ...rest },
          ...(minBatch ? { minBatch } : {}),
        })),
      },
    },
    capacities: Object.fromEntries(minutesPerDay.map((minutes, n) => [`${PLANTS[n]}.cell`, { minutesPerDay: minutes, taken }])),
    lanes: {},
    stock: {},
    lots,
  });

  /** Whether these pieces of each order (at ayr, then at bonn) can be made in time. */
  function possible({ orders, plants, minutesPerDay, taken, lots }: Case, pieces: readonly (readonly number[])[]): boolean {
    if (pieces.some((own, n) => own.filter((each) => each > 0).length > (orders[n]!.maxLegs ?? 2))) return false;
    return plants.every(({ minutesPerUnit, setupMinutes, minBatch = '0' }, plant) => {
      const here = pieces.map((own) => own[plant]!);
      if (here.some((each) => each > 0 && each * 1e6 < micro(minBatch))) return false;
      const steel = lots[`${PLANTS[plant]}.steel`];
      // Every choice of the day on which each of them ends: no later than it is due, and before what it uses expires.
      return choices(orders.map(({ due }) => DUES.filter((day) => day <= due))).some((ends) =>
        DUES.every((day) => {
          const work = here.map((each, n) => (ends[n]! <= day ? minutesOf(each, minutesPerUnit, setupMinutes) : 0));
          const usable = (steel ?? []).filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) >= Date.parse(day));
          const needed = sumOf(here.map((each, n) => (ends[n]! >= day ? each * 1.5 : 0)));
          return (
            sumOf(work) <= sumOf(freeDays(Date.parse(day), minutesPerDay[plant]!, taken)) &&
            (!steel || needed <= sumOf(usable.map(({ quantity }) => Number(quantity))))
          );
        }),
      );
    });
  }
  const choices = <T>(lists: readonly (readonly T[])[]): T[][] =>
    lists.reduce<T[][]>((all, list) => all.flatMap((before) => list.map((each) => [...before, each])), [[]]);

  /** The lots of the plan are there, hold what is taken, and can be used to the end of each leg. */
  function faultsOfLots({ lots }: Case, plan: BatchPlan): string[] {
    const used = new Map<string, number>();
    return plan.orders.flatMap(({ legs }) =>
      legs.flatMap(({ facilityId, quantity, end, lots: own = [] }) => {
        const known = lots[`${facilityId}.steel`];
        const needed = known ? Number(quantity) * 1.5 : 0;
        const total = sumOf(own.map((each) => Number(each.quantity)));
        return [
          ...(total === needed ? [] : [`${total} of ${needed} come from lots`]),
          ...own.flatMap((each) => {
            const from = known!.find(({ lotId }) => lotId === each.lotId)!;
            used.set(each.lotId, (used.get(each.lotId) ?? 0) + Number(each.quantity));
            return [
              ...(from.expiresAt === null || from.expiresAt >= end ? [] : [`${each.lotId} expires before ${end}`]),
              ...(used.get(each.lotId)! > Number(from.quantity) ? [`${each.lotId} has not so much`] : []),
            ];
          }),
        ];
      }),
    );
  }

  /** All placements that are possible: pieces by order and plant. */
  function* placements(tried: Case, n = 0): Generator<readonly (readonly number[])[]> {
    if (n === tried.orders.length) return yield [];
    for (const own of splits(2, tried.orders[n]!.quantity)) for (const rest of placements(tried, n + 1)) yield [own, ...rest];
  }

  const costOf = ({ plants }: Case, pieces: readonly (readonly number[])[]): number =>
    sumOf(pieces.map((own) => sumOf(own.map((each, plant) => each * micro(plants[plant]!.costPerUnit)))));
  /** Pieces of each priority. */
  const ranks = ({ orders }: Case, pieces: readonly (readonly number[])[]): string =>
    [1, 5, 9].map((rank) => sumOf(pieces.map((own, n) => (orders[n]!.priority === rank ? sumOf(own) : 0)))).join();

  const made = ({ orders }: Case, plan: BatchPlan): readonly (readonly number[])[] =>
    orders.map((_, n) =>
      PLANTS.map((plant) =>
        sumOf(
          plan.orders
            .find(({ customerOrderId }) => customerOrderId === `corp.CO-${n}`)!
            .legs.filter(({ facilityId }) => facilityId === plant)
            .map(({ quantity }) => Number(quantity)),
        ),
      ),
    );

  test('is possible, and off the best of all by no more than it says', () => {
    let [exact, off] = [0, 0];
    fc.assert(
      fc.property(cases, (drawn) => {
        const tried = plain(drawn);
        const plan = planBatch(inputsOf(tried), solve);
        const own = made(tried, plan);
        expect(possible(tried, own)).toBe(true);
        expect(faultsOfLots(tried, plan)).toEqual([]);
        const placed = sumOf(own.flat());
        expect(Number(plan.placed)).toBe(placed);
        expect(micro(plan.cost)).toBe(costOf(tried, own));
        let most = 0;
        let cheapest = Infinity;
        for (const other of placements(tried)) {
          if (!possible(tried, other)) continue;
          most = Math.max(most, sumOf(other.flat()));
          // The same pieces of each priority, made elsewhere.
          if (ranks(tried, other) === ranks(tried, own)) cheapest = Math.min(cheapest, costOf(tried, other));
        }
        expect(most).toBeLessThanOrEqual(Number(plan.bound));
        expect(most - placed).toBeLessThanOrEqual(Number(plan.gap.quantity));
        if (plan.gap.cost !== undefined) expect(costOf(tried, own) - cheapest).toBeLessThanOrEqual(micro(plan.gap.cost));
        if (placed === most) exact += 1;
        else off += 1;
      }),
      { numRuns: 150 },
    );
    // Rounding finds the most pieces nearly always.
    expect(exact).toBeGreaterThan(20 * off);
  });
});
