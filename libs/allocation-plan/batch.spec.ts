import { decimal, millionths, plus, sum } from '#manufacturing/quantity';
import { type BatchPlan, planBatch } from './batch';
import type { BatchInputs, BatchOrder } from './batch-inputs';
import { loadSolver } from './highs.solver';
import type { Solve } from './linear-model';

/** Two plants, 60 minutes a day, a minute for a piece; lyon is cheaper. */
const qualified = (facilityId: string, changes: object = {}) => ({
  facilityId,
  capacityId: `${facilityId}.cell`,
  minutesPerUnit: '1',
  setupMinutes: 0,
  costPerUnit: facilityId === 'lyon' ? '10' : '12',
  ...changes,
});
const master = (...facilities: ReturnType<typeof qualified>[]) => ({ version: '1', unit: 'pcs' as const, materials: [], facilities });
const order = (n: number, quantity: string, changes: Partial<BatchOrder> = {}): BatchOrder => ({
  customerOrderId: `corp.CO-${n}`,
  customer: 'acme',
  product: 'pump',
  quantity,
  unit: 'pcs',
  due: '2026-01-07T00:00:00Z',
  priority: 5,
  ...changes,
});
const inputs = (orders: BatchOrder[], changes: Partial<BatchInputs> = {}): BatchInputs => ({
  earliest: '2026-01-05T00:00:00Z',
  orders,
  workMasters: { 'corp.pump': master(qualified('lyon'), qualified('oslo')) },
  capacities: { 'lyon.cell': { minutesPerDay: 60, taken: {} }, 'oslo.cell': { minutesPerDay: 60, taken: {} } },
  lanes: {},
  stock: {},
  ...changes,
});

describe('a batch of orders', () => {
  let solve: Solve;
  beforeAll(async () => {
    solve = await loadSolver();
  });
  const plan = (orders: BatchOrder[], changes: Partial<BatchInputs> = {}): BatchPlan => planBatch(inputs(orders, changes), solve);
  const of = ({ orders }: BatchPlan, n: number) => orders.find(({ customerOrderId }) => customerOrderId === `corp.CO-${n}`)!;

  test('has the days of all orders in mind: what is due first is made first', () => {
    // 120 minutes at each plant; alone, each order would take the first days of the cheaper one.
    const made = plan([order(1, '60'), order(2, '60', { due: '2026-01-06T00:00:00Z' }), order(3, '120')]);
    expect(made).toMatchObject({
      ordered: '240',
      placed: '240',
      bound: '240',
      cost: '2640',
      gap: { quantity: '0', cost: '0' },
      lateness: '0',
    });
    for (const leg of of(made, 2).legs) expect(leg.end).toBe('2026-01-05T23:59:59.999Z');
  });

  test('gives the cheaper plant to the order that has no other', () => {
    const workMasters = { 'corp.pump': master(qualified('lyon'), qualified('oslo')), 'corp.rare': master(qualified('lyon')) };
    const made = plan([order(1, '120'), order(2, '120', { product: 'rare' })], { workMasters });
    expect(of(made, 1).legs).toMatchObject([{ facilityId: 'oslo', quantity: '120', cost: '1440' }]);
    expect(of(made, 2).legs).toMatchObject([{ facilityId: 'lyon', quantity: '120', cost: '1200' }]);
  });

  test('places the urgent where not all can be placed, and says who got the capacity', () => {
    const made = plan([order(1, '200', { priority: 9 }), order(2, '200', { priority: 1 })]);
    expect(made).toMatchObject({ placed: '240', bound: '240', gap: { quantity: '0' } });
    expect(of(made, 2).unallocated).toEqual([]);
    expect(of(made, 1).unallocated).toEqual([{ quantity: '160', reason: 'OtherOrders' }]);
    expect(of(plan([order(1, '300')]), 1).unallocated).toEqual([{ quantity: '60', reason: 'CapacityBeforeDue' }]);
  });

  test('keeps smallest batches, set-up and the largest number of plants', () => {
    const workMasters = { 'corp.pump': master(qualified('lyon', { setupMinutes: 20 }), qualified('oslo', { minBatch: '50' })) };
    const made = plan([order(1, '110'), order(2, '100', { maxLegs: 1, priority: 1 })], { workMasters });
    // lyon makes 100 after its set-up, oslo 120: 110 fits only where the other is not.
    expect(of(made, 2).legs).toMatchObject([{ facilityId: 'lyon', quantity: '100' }]);
    expect(of(made, 1).legs).toMatchObject([{ facilityId: 'oslo', quantity: '110' }]);
    expect(of(plan([order(1, '130', { maxLegs: 1 })]), 1).unallocated).toEqual([{ quantity: '10', reason: 'SplitLimit' }]);
    const small = { 'corp.pump': master(qualified('lyon', { minBatch: '200' })) };
    expect(of(plan([order(1, '130')], { workMasters: small }), 1).unallocated).toEqual([{ quantity: '130', reason: 'MinBatch' }]);
  });

  test('counts freight and the days of transport', () => {
    const lanes = { 'lyon.bergen': { transitHours: 24, costPerUnit: '5' }, 'oslo.bergen': { transitHours: 0, costPerUnit: '0' } };
    const made = plan([order(1, '130', { shipTo: 'bergen' })], { lanes });
    expect(of(made, 1).legs).toMatchObject([
      { facilityId: 'lyon', quantity: '10', end: '2026-01-05T23:59:59.999Z', cost: '150' },
      { facilityId: 'oslo', quantity: '120', cost: '1440' },
    ]);
  });

  test('pays freight by the unit of the lane, and does not use a lane without an exact price', () => {
    const workMasters = { 'corp.pump': { ...master(qualified('lyon')), unit: 'kg' as const } };
    const freight = (unit: 't' | 'kg' | 'pcs', costPerUnit: string) => {
      const lanes = { 'lyon.bergen': { transitHours: 24, costPerUnit, unit } };
      return of(plan([order(1, '10', { shipTo: 'bergen', unit: 'kg' })], { lanes, workMasters }), 1);
    };
    expect(freight('kg', '5').legs).toMatchObject([{ quantity: '10', cost: '150' }]);
    expect(freight('t', '5000').legs).toMatchObject([{ quantity: '10', cost: '150' }]);
    expect(freight('pcs', '5').unallocated).toEqual([{ quantity: '10', reason: 'LaneUnit' }]);
    expect(freight('t', '0.0001').unallocated).toEqual([{ quantity: '10', reason: 'LaneUnit' }]);
  });

  test('uses no more material than there is', () => {
    const workMasters = { 'corp.pump': { ...master(qualified('lyon')), materials: [{ materialId: 'steel', quantityPerUnit: '2.5' }] } };
    const made = plan([order(1, '60', { priority: 1 }), order(2, '60')], { workMasters, stock: { 'lyon.steel': '176' } });
    expect(made.placed).toBe('70');
    expect(of(made, 2)).toMatchObject({ legs: [{ quantity: '10' }], unallocated: [{ quantity: '50', reason: 'Material' }] });
    expect(of(plan([order(1, '60')], { workMasters, stock: { 'lyon.steel': '0' } }), 1).unallocated).toMatchObject([
      { reason: 'Material' },
    ]);
    expect(plan([order(1, '60')], { workMasters }).placed).toBe('60');
  });

  test('counts material in any unit that measures the same', () => {
    const needing = (quantityPerUnit: string, unit?: 'g' | 'l') => ({
      'corp.pump': { ...master(qualified('lyon')), materials: [{ materialId: 'steel', quantityPerUnit, ...(unit ? { unit } : {}) }] },
    });
    const lots = {
      'lyon.steel': [
        { lotId: 'lyon.A', quantity: '0.04', unit: 't' as const, expiresAt: null },
        { lotId: 'lyon.B', quantity: '30000', unit: 'g' as const, expiresAt: null },
      ],
    };
    const made = of(plan([order(1, '60')], { workMasters: needing('2000', 'g'), lots }), 1);
    expect(made.unallocated).toEqual([{ quantity: '25', reason: 'Material' }]);
    expect(made.legs[0]!.lots).toEqual([
      { lotId: 'lyon.A', materialId: 'steel', quantity: '40000', unit: 'g' },
      { lotId: 'lyon.B', materialId: 'steel', quantity: '30000', unit: 'g' },
    ]);
    // Without a unit of its own, the need is in that of the first lot.
    expect(of(plan([order(1, '60')], { workMasters: needing('0.002'), lots }), 1).legs).toMatchObject([{ quantity: '35' }]);
    expect(of(plan([order(1, '60')], { workMasters: needing('2', 'l'), lots }), 1).unallocated).toEqual([
      { quantity: '60', reason: 'Material' },
    ]);
  });

  test('uses what expires first, and nothing that expires before its work ends', () => {
    const workMasters = { 'corp.pump': { ...master(qualified('lyon')), materials: [{ materialId: 'steel', quantityPerUnit: '2' }] } };
    const lot = (lotId: string, quantity: string, expiresAt: string | null) => ({ lotId: `lyon.${lotId}`, quantity, expiresAt });
    const lots = {
      'lyon.steel': [
        lot('forever', '100', null),
        lot('week', '60', '2026-01-12T00:00:00Z'),
        lot('gone', '100', '2026-01-05T12:00:00Z'),
        lot('today', '40', '2026-01-06T00:00:00Z'),
      ],
    };
    // 60 minutes a day: what is due first is made on the first day, with what can only be used then.
    const late = order(1, '50', { due: '2026-01-20T00:00:00Z' });
    const made = plan([late, order(2, '50', { due: '2026-01-06T00:00:00Z', priority: 1 })], { workMasters, lots });
    const used = (n: number) => of(made, n).legs.map((leg) => (leg.lots ?? []).map(({ lotId, quantity }) => `${quantity} of ${lotId}`));
    expect(used(2)).toEqual([['40 of lyon.today', '60 of lyon.week']]);
    expect(used(1)).toEqual([['100 of lyon.forever']]);
    // Without the rest, it is made in time for the lot that expires, and no more than that holds.
    const only = { 'lyon.steel': [lot('today', '40', '2026-01-06T00:00:00Z')] };
    expect(of(plan([late], { workMasters, lots: only }), 1)).toMatchObject({
      legs: [{ quantity: '20', end: '2026-01-05T23:59:59.999Z', lots: [{ lotId: 'lyon.today', materialId: 'steel', quantity: '40' }] }],
      unallocated: [{ quantity: '30', reason: 'Material' }],
    });
    expect(of(plan([late], { workMasters, lots: { 'lyon.steel': [] } }), 1).unallocated).toEqual([{ quantity: '50', reason: 'Material' }]);
  });

  test('is late where that is allowed, and says how late', () => {
    const late = { days: 3, costPerDay: '1' };
    const made = plan([order(1, '300')], { late, workMasters: { 'corp.pump': master(qualified('lyon')) } });
    expect(made).toMatchObject({ placed: '300', bound: '120', cost: '3000', lateness: '540' });
    expect(of(made, 1).legs).toMatchObject([{ quantity: '120' }, { quantity: '180', daysLate: 3, end: '2026-01-09T23:59:59.999Z' }]);
  });

  test.each([
    ['a product that nobody knows', { product: 'none' }, 'NoWorkMaster'],
    ['a product named like a field of every object', { product: 'constructor' }, 'NoWorkMaster'],
    ['a product that no plant makes', { product: 'orphan' }, 'NoQualifiedFacility'],
    ['a customer that is not served', { customer: 'zenith', product: 'rare' }, 'CustomerRules'],
    ['no way to the customer', { shipTo: 'bergen' }, 'NoLane'],
    ['a due date that is over', { due: '2026-01-01T00:00:00Z' }, 'DueTooSoon'],
    ['a due date today', { due: '2026-01-05T23:00:00Z' }, 'DueTooSoon'],
    ['plants that are excluded', { excluded: ['lyon', 'oslo'] }, 'Excluded'],
    ['another unit', { unit: 'kg' as const }, 'UnitDiffers'],
    ['a plant without defined capacity', { product: 'vague' }, 'CapacityBeforeDue'],
  ])('places nothing of an order with %s, and all of the others', (_, changes, reason) => {
    const workMasters = {
      'corp.pump': master(qualified('lyon'), qualified('oslo')),
      'corp.rare': master(qualified('lyon', { neverFor: ['zenith'] })),
      'corp.orphan': master(),
      'corp.vague': master(qualified('ayr')),
    };
    const made = plan([order(1, '100', changes), order(2, '100')], { workMasters });
    expect(of(made, 1)).toMatchObject({ legs: [], unallocated: [{ quantity: '100', reason }] });
    expect(of(made, 2).unallocated).toEqual([]);
  });

  test('without orders, or with nothing that can be placed, is a plan', () => {
    expect(plan([])).toMatchObject({ orders: [], placed: '0', bound: '0', gap: { quantity: '0' } });
    expect(plan([order(1, '5', { product: 'none' })])).toMatchObject({ placed: '0', bound: '0' });
  });

  test('plants without a limit take all', () =>
    expect(plan([order(1, '9000')], { capacities: { 'lyon.cell': { minutesPerDay: null, taken: {} } } })).toMatchObject({
      placed: '9000',
    }));

  test('I1, I19: parts add up, no day has more work than minutes, whatever the order of the inputs', () => {
    let state = 7;
    const upTo = (most: number) => (state = (state * 48_271) % 2_147_483_647) % most;
    const workMasters = {
      'corp.pump': master(qualified('lyon', { minutesPerUnit: '0.7', setupMinutes: 7 }), qualified('oslo', { minBatch: '30' })),
      'corp.rod': {
        ...master(qualified('oslo', { minutesPerUnit: '1.333333' }), qualified('lyon', { setupMinutes: 3 })),
        unit: 'kg' as const,
      },
    };
    const orders = Array.from({ length: 60 }, (_, n) =>
      order(n, decimal(BigInt(1 + upTo(40)) * 1_000_000n), {
        ...(n % 3 === 0 ? { product: 'rod', unit: 'kg' as const } : {}),
        due: `2026-01-${String(6 + upTo(12)).padStart(2, '0')}T12:00:00Z`,
        priority: 1 + upTo(9),
        ...(n % 5 === 0 ? { maxLegs: 1 } : {}),
      }),
    );
    const capacities = { 'lyon.cell': { minutesPerDay: 60, taken: { '2026-01-06': 50 } }, 'oslo.cell': { minutesPerDay: 45, taken: {} } };
    const made = plan(orders, { workMasters, capacities });
    expect(plan([...orders].reverse(), { workMasters, capacities })).toEqual(made);
    const worked: Record<string, number> = {};
    for (const { customerOrderId, legs, unallocated } of made.orders) {
      const asked = orders.find((each) => each.customerOrderId === customerOrderId)!;
      expect(plus(sum(legs.map(({ quantity }) => quantity)), sum(unallocated.map(({ quantity }) => quantity)))).toBe(asked.quantity);
      expect(legs.length).toBeLessThanOrEqual(asked.maxLegs ?? 2);
      for (const { capacityId, buckets, quantity, end, facilityId } of legs) {
        if (facilityId === 'oslo' && asked.product === 'pump') expect(millionths(quantity)).toBeGreaterThanOrEqual(30_000_000n);
        expect(Date.parse(end)).toBeLessThan(Date.parse(asked.due));
        for (const { date, minutes } of buckets) worked[`${capacityId} ${date}`] = (worked[`${capacityId} ${date}`] ?? 0) + minutes;
      }
    }
    expect(Object.keys(worked).length).toBeGreaterThan(10);
    for (const [key, minutes] of Object.entries(worked)) {
      const [id, date] = key.split(' ') as ['lyon.cell', string];
      const { minutesPerDay, taken } = capacities[id];
      expect(minutes).toBeLessThanOrEqual(minutesPerDay - ((taken as Record<string, number>)[date] ?? 0));
    }
    expect(millionths(made.placed)).toBeLessThanOrEqual(millionths(made.bound));
  });
});
