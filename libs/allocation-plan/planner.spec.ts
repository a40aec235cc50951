import * as fc from 'fast-check';
import { decimal, millionths, plus, sum } from '#manufacturing/quantity';
import type { Candidate, PlanInputs, PlanOrder } from './allocation-plan.events';
import { planOf } from './planner';

const order = (changes: Partial<PlanOrder> = {}): PlanOrder => ({
  product: 'pump',
  customer: 'acme',
  quantity: '100',
  unit: 'pcs',
  earliest: '2026-01-05T00:00:00Z',
  due: '2026-01-07T00:00:00Z',
  excluded: [],
  ...changes,
});
/** A plant that makes 50 pieces in two days: 60 minutes a day, 10 of set-up, two minutes for a piece and some. */
const plant = (facilityId: string, changes: Partial<Candidate> = {}): Candidate => ({
  facilityId,
  capacityId: `${facilityId}.cell`,
  minutesPerUnit: '2',
  setupMinutes: 20,
  costPerUnit: '10',
  minutesPerDay: 60,
  taken: {},
  ...changes,
});
const plan = (candidates: readonly Candidate[], changes: Partial<PlanOrder> = {}) =>
  planOf({ order: order(changes), workMasterVersion: '1', candidates });

describe('a plan', () => {
  test('fills the cheapest plant before the next', () =>
    expect(plan([plant('oslo', { costPerUnit: '12' }), plant('lyon')], { quantity: '60' })).toEqual({
      legs: [
        {
          leg: 1,
          facilityId: 'lyon',
          capacityId: 'lyon.cell',
          quantity: '50',
          buckets: [
            { date: '2026-01-05', minutes: 60 },
            { date: '2026-01-06', minutes: 60 },
          ],
          start: '2026-01-05T00:00:00.000Z',
          end: '2026-01-06T23:59:59.999Z',
          cost: '500',
        },
        {
          leg: 2,
          facilityId: 'oslo',
          capacityId: 'oslo.cell',
          quantity: '10',
          buckets: [{ date: '2026-01-05', minutes: 40 }],
          start: '2026-01-05T00:00:00.000Z',
          end: '2026-01-05T23:59:59.999Z',
          cost: '120',
        },
      ],
      unallocated: [],
      cost: '620',
      proven: true,
      gap: { quantity: '0', cost: '0' },
      lateness: '0',
    }));

  test('takes of the first day what is still to come', () =>
    expect(plan([plant('lyon', { setupMinutes: 0 })], { earliest: '2026-01-05T18:00:00Z' })).toMatchObject({
      legs: [
        {
          quantity: '37',
          buckets: [
            { date: '2026-01-05', minutes: 15 },
            { date: '2026-01-06', minutes: 59 },
          ],
        },
      ],
    }));

  test('counts freight, and the days of transport', () => {
    const near = plant('oslo', { costPerUnit: '12', lane: { transitHours: 0, costPerUnit: '0' } });
    const far = plant('lyon', { lane: { transitHours: 24, costPerUnit: '5' } });
    expect(plan([near, far], { quantity: '60', shipTo: 'bergen' }).legs).toMatchObject([
      { facilityId: 'lyon', quantity: '10', buckets: [{ date: '2026-01-05', minutes: 40 }], cost: '150' },
      { facilityId: 'oslo', quantity: '50' },
    ]);
  });

  test('takes a plant with a smallest batch only for as much, and leaves cheaper ones less', () =>
    expect(plan([plant('lyon'), plant('oslo', { costPerUnit: '12', minBatch: '40' })], { quantity: '60' }).legs).toMatchObject([
      { facilityId: 'lyon', quantity: '20' },
      { facilityId: 'oslo', quantity: '40' },
    ]));

  test.each([
    ['nothing is known of the product', [], {}, 'NoQualifiedFacility'],
    ['all are excluded', [plant('lyon')], { excluded: ['lyon'] }, 'Excluded'],
    ['the customer is not served', [plant('lyon', { neverFor: ['acme'] })], {}, 'CustomerRules'],
    ['others are served only', [plant('lyon', { onlyFor: ['other'] })], {}, 'CustomerRules'],
    ['there is no way', [plant('lyon', { lane: null })], { shipTo: 'oslo' }, 'NoLane'],
    ['not one whole day is left', [plant('lyon')], { due: '2026-01-05T23:00:00Z' }, 'DueTooSoon'],
    ['the plant is full', [plant('lyon', { taken: { '2026-01-05': 60, '2026-01-06': 60 } })], {}, 'CapacityBeforeDue'],
    ['its capacity is not defined', [plant('lyon', { minutesPerDay: undefined })], {}, 'CapacityBeforeDue'],
    ['the batch is larger than the order', [plant('lyon', { minBatch: '101', minutesPerDay: null })], {}, 'MinBatch'],
  ] as const)('says why nothing is placed: %s', (_, candidates, changes, reason) =>
    expect(plan(candidates, changes as Partial<PlanOrder>)).toMatchObject({ legs: [], unallocated: [{ quantity: '100', reason }] }),
  );

  test('says why a part is not placed', () => {
    expect(plan([plant('lyon'), plant('oslo')], { quantity: '130' }).unallocated).toEqual([
      { quantity: '30', reason: 'CapacityBeforeDue' },
    ]);
    expect(plan([plant('lyon'), plant('oslo')], { quantity: '130', maxLegs: 1 }).unallocated).toEqual([
      { quantity: '30', reason: 'CapacityBeforeDue' },
      { quantity: '50', reason: 'SplitLimit' },
    ]);
  });

  test('has no place for a fraction of a piece', () => {
    const { legs, unallocated } = plan([plant('lyon')], { quantity: '3.5' });
    expect([legs, unallocated]).toMatchObject([[{ quantity: '3' }], [{ quantity: '0.5', reason: 'MinBatch' }]]);
    expect(plan([plant('lyon')], { quantity: '0.5' })).toMatchObject({ legs: [], unallocated: [{ quantity: '0.5' }] });
  });
  test('says by how much it may be off where not all splits of more than twelve plants were tried', () => {
    const many = Array.from({ length: 14 }, (_, n) =>
      plant(`p${String(n).padStart(2, '0')}`, { costPerUnit: String(10 + n), minBatch: '45' }),
    );
    const asked = plan(many, { quantity: '700' });
    expect(asked).toMatchObject({ proven: false, gap: { quantity: '100' } });
    expect(asked.legs).toHaveLength(12);
    // 5 of the dearer plant could be made at the cheaper one, but for the smallest batch.
    expect(plan(many, { quantity: '90' })).toMatchObject({ proven: false, cost: '945', gap: { quantity: '0', cost: '5' } });
  });

  const candidates = fc
    .uniqueArray(fc.constantFrom('ayr', 'bonn', 'cork', 'dijon', 'essen'), { maxLength: 5 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.record({
            facilityId: fc.constant(name),
            capacityId: fc.constant(`${name}.cell`),
            minutesPerUnit: fc.constantFrom('0.7', '2', '3.333333'),
            setupMinutes: fc.integer({ min: 0, max: 30 }),
            costPerUnit: fc.constantFrom('1', '2.5', '10'),
            minBatch: fc.constantFrom(undefined, '5', '20'),
            minutesPerDay: fc.constantFrom(10, 60, 480),
            taken: fc.constantFrom({}, { '2026-01-05': 30 }),
          }),
        ),
      ),
    )
    .map((all) => all.map((each) => JSON.parse(JSON.stringify(each)) as Candidate));
  const orders = fc.record({ quantity: fc.integer({ min: 1, max: 500 }), maxLegs: fc.constantFrom(undefined, 1, 2) });
  const inputs = fc
    .tuple(orders, candidates)
    .map(([{ quantity, maxLegs }, all]): PlanInputs => ({
      order: order({ quantity: String(quantity), ...(maxLegs ? { maxLegs } : {}) }),
      workMasterVersion: '1',
      candidates: all,
    }));

  test('I1: legs and what is not placed add up to the order; no day has more than is free; batches and splits keep their limits', () =>
    fc.assert(
      fc.property(inputs, ({ order: asked, ...rest }) => {
        const { legs, unallocated, cost } = planOf({ order: asked, ...rest });
        expect(plus(sum(legs.map(({ quantity }) => quantity)), sum(unallocated.map(({ quantity }) => quantity)))).toBe(asked.quantity);
        expect(sum(legs.map((leg) => leg.cost))).toBe(cost);
        expect(legs.length).toBeLessThanOrEqual(asked.maxLegs ?? 5);
        for (const { facilityId, quantity, buckets } of legs) {
          const {
            minutesPerDay,
            taken,
            minBatch = '0',
            minutesPerUnit,
            setupMinutes,
          } = rest.candidates.find((each) => each.facilityId === facilityId)!;
          for (const { date, minutes } of buckets) expect(minutes).toBeLessThanOrEqual(minutesPerDay! - (taken[date] ?? 0));
          expect(millionths(quantity)).toBeGreaterThanOrEqual(millionths(minBatch));
          const needed = setupMinutes + Math.ceil(Number(quantity) * Number(minutesPerUnit) - 1e-6);
          expect(buckets.reduce((total, { minutes }) => total + minutes, 0)).toBe(needed);
        }
        for (const { quantity } of unallocated) expect(millionths(quantity)).toBeGreaterThan(0n);
      }),
    ));

  test('places no less than one plant after the other does, and the same for the same inputs', () =>
    fc.assert(
      fc.property(inputs, (all) => {
        const placed = (made: ReturnType<typeof planOf>) => millionths(sum(made.legs.map(({ quantity }) => quantity)));
        const made = planOf(all);
        for (const candidate of all.candidates)
          expect(placed(made)).toBeGreaterThanOrEqual(placed(planOf({ ...all, candidates: [candidate] })));
        expect(planOf(JSON.parse(JSON.stringify(all)) as PlanInputs)).toEqual(made);
        expect(decimal(placed(made))).not.toBe('-1');
      }),
    ));
});
