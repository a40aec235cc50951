import { digestOf } from '#platform/commands/digest';
import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { allocationPlan } from './allocation-plan';
import type { AllocationPlanEvent, AllocationProposed } from './allocation-plan.events';
import { allocationPlanView } from './allocation-plan.view';
import { planOf } from './planner';

const planId = 'corp.CO-1-P1';
const of = { planId, customerOrderId: 'corp.CO-1' };
const ask = {
  ...of,
  product: 'pump',
  quantity: { amount: '60', unit: 'pcs' as const },
  due: '2999-01-07T00:00:00Z',
  earliest: '2999-01-05T00:00:00Z',
  shipTo: 'oslo',
};
const facilities = ['lyon', 'oslo'].map((facilityId) => ({
  facilityId,
  capacityId: `${facilityId}.cell`,
  minutesPerUnit: '2',
  setupMinutes: 20,
  costPerUnit: '10',
}));
const regarded = {
  'work-master-corp.pump': { version: '3', product: 'pump', unit: 'pcs', operations: [], materials: [], facilities },
  'facility-capacity-lyon.cell': { mode: 'Unary', units: 1, minutesPerDay: 60, taken: { '2999-01-05': 20, '2998-12-31': 5 } },
  'facility-capacity-oslo.cell': { mode: 'Unary', units: 1, minutesPerDay: 60, taken: {} },
  'transport-lane-lyon.oslo': { transitHours: 24, costPerUnit: '1', unit: 'pcs' },
};
const context = {
  now: '2026-01-05T08:00:00Z',
  occurredAt: '2026-01-05T08:00:00Z',
  actor: 'pia',
  role: 'planner',
  commandId: 'c',
  digestOf,
  regarded,
};
const [proposed] = allocationPlan.decide.ProposeAllocation(ask, allocationPlan.initial, context) as readonly [AllocationProposed];
const accepted: AllocationPlanEvent = { type: 'PlanAccepted', data: of };
const rejected: AllocationPlanEvent = { type: 'PlanRejected', data: { ...of, reason: 'too dear' } };

describe('a plan', () => {
  test('is proposed from what work master, capacities and lanes say of themselves', () => {
    expect(proposed.data.legs).toMatchObject([
      { facilityId: 'lyon', quantity: '10', buckets: [{ date: '2999-01-05', minutes: 40 }], cost: '110' },
      { facilityId: 'oslo', quantity: '50' },
    ]);
    expect(proposed.data.inputs).toMatchObject({ workMasterVersion: '3', candidates: [{ taken: { '2999-01-05': 20 } }, {}] });
  });
  test('is limited by the stock of a plant, and says which material binds', () => {
    const steel = { materialId: 'steel', quantityPerUnit: '2' };
    const lot = (lotId: string, quantity: string, expiresAt: string | null, unit = 'kg') => ({ lotId, quantity, unit, expiresAt });
    const kept = {
      ...{ ...regarded, 'work-master-corp.pump': { ...regarded['work-master-corp.pump'], materials: [steel] } },
      // Work of the first day can use both lots, later work only what does not expire.
      'usable-stock-oslo.steel': [lot('oslo.L1', '30', '2999-01-06T08:00:00.000Z'), lot('oslo.L2', '24', null)],
      // Lyon has never had any: it is not limited.
      'usable-stock-lyon.steel': null,
    };
    expect(allocationPlan.regards!('ProposeAllocation', ask, allocationPlan.initial, kept).map(({ stream }) => stream)).toEqual(
      expect.arrayContaining(['usable-stock-lyon.steel', 'usable-stock-oslo.steel']),
    );
    const [plan] = allocationPlan.decide.ProposeAllocation(ask, allocationPlan.initial, { ...context, regarded: kept }) as readonly [
      AllocationProposed,
    ];
    // 60 minutes less 20 of set-up: 20 pumps on the first day; more would end when only 24 kg are left.
    expect(plan.data.legs).toMatchObject([
      { facilityId: 'lyon', quantity: '10' },
      { facilityId: 'oslo', quantity: '20', buckets: [{ date: '2999-01-05', minutes: 60 }] },
    ]);
    expect(plan.data.unallocated).toEqual([{ quantity: '30', reason: 'Material' }]);
    // The same need in another unit, and lots in several; what measures something else does not count.
    const grams = {
      ...{
        ...kept,
        'work-master-corp.pump': { ...kept['work-master-corp.pump'], materials: [{ ...steel, quantityPerUnit: '2000', unit: 'g' }] },
      },
      'usable-stock-oslo.steel': [
        lot('oslo.L0', '9', null, 'l'),
        lot('oslo.L1', '0.03', '2999-01-06T08:00:00.000Z', 't'),
        lot('oslo.L2', '24', null),
      ],
    };
    const [same] = allocationPlan.decide.ProposeAllocation(ask, allocationPlan.initial, { ...context, regarded: grams }) as readonly [
      AllocationProposed,
    ];
    expect(same.data).toMatchObject({ legs: plan.data.legs, unallocated: plan.data.unallocated });
    // In two parts, 27 could use the lot that expires: the plan does not claim to be the best.
    expect([plan.data.proven, plan.data.gap]).toEqual([false, { quantity: '7' }]);
    expect(plan.data.inputs.candidates.map(({ stock }) => stock)).toEqual([
      undefined,
      [
        { until: '2999-01-06T08:00:00.000Z', most: '27', materialId: 'steel' },
        { until: null, most: '12', materialId: 'steel' },
      ],
    ]);
  });
  test('uses no lane that is paid by a unit of another kind', () => {
    const paid = { ...regarded, 'transport-lane-lyon.oslo': { transitHours: 24, costPerUnit: '1', unit: 'kg' } };
    const [other] = allocationPlan.decide.ProposeAllocation(ask, allocationPlan.initial, { ...context, regarded: paid }) as readonly [
      AllocationProposed,
    ];
    expect(other.data.legs).toMatchObject([{ facilityId: 'oslo', quantity: '50' }]);
    expect(other.data.inputs.candidates[0]).toMatchObject({ lane: null, laneUnit: 'kg' });
  });
  test('is what the planner returns for its inputs, years later, too', () => {
    const { legs, unallocated, cost, proven, gap, lateness } = proposed.data;
    expect(planOf(JSON.parse(JSON.stringify(proposed.data.inputs)) as typeof proposed.data.inputs)).toEqual({
      legs,
      unallocated,
      cost,
      proven,
      gap,
      lateness,
    });
    expect(proposed.data).toMatchObject({
      algorithm: 5,
      digest: digestOf(proposed.data.inputs),
      gap: { quantity: '0', cost: '0' },
      lateness: '0',
    });
  });
  const leg = (facilityId: string, quantity: string, ...buckets: [date: string, minutes: number][]) => ({
    facilityId,
    quantity,
    buckets: buckets.map(([date, minutes]) => ({ date, minutes })),
  });
  const batch = {
    digest: 'a'.repeat(64),
    algorithm: 1,
    gap: '7',
    legs: [leg('oslo', '35', ['2999-01-05', 60], ['2999-01-06', 30])],
    unplaced: [{ quantity: '25', reason: 'OtherOrders' as const }],
  };
  const share = (changes: object) =>
    given(allocationPlan).when('ProposeAllocation', { ...ask, batch: { ...batch, ...changes } }, { regarded });
  test('that is a share of a batch is carried out as given, with cost and gap', () => {
    const [of] = allocationPlan.decide.ProposeAllocation({ ...ask, batch }, allocationPlan.initial, context) as readonly [
      AllocationProposed,
    ];
    expect(of.data).toMatchObject({
      legs: [{ leg: 1, facilityId: 'oslo', capacityId: 'oslo.cell', quantity: '35', cost: '350', end: '2999-01-06T23:59:59.999Z' }],
      unallocated: batch.unplaced,
      cost: '350',
      proven: false,
      gap: { quantity: '7' },
      lateness: '0',
    });
    expect(planOf(of.data.inputs)).toMatchObject({ legs: of.data.legs, cost: '350' });
    given(allocationPlan, of)
      .when('ProposeAllocation', { ...ask, batch }, { regarded })
      .changesNothing();
    given(allocationPlan, of).when('ProposeAllocation', ask, { regarded }).rejects('plan-exists');
  });
  test('may be late, where the batch says so', () => {
    const late = { legs: [leg('oslo', '35', ['2999-01-08', 60], ['2999-01-06', 30])] };
    share(late).rejects('share-outdated');
    const asked = { ...ask, latest: '2999-01-10T00:00:00Z', batch: { ...batch, ...late } };
    const [of] = allocationPlan.decide.ProposeAllocation(asked, allocationPlan.initial, context) as readonly [AllocationProposed];
    expect(of.data.lateness).toBe('70');
    given(allocationPlan)
      .when('ProposeAllocation', { ...ask, latest: asked.latest }, { regarded })
      .rejects('latest-without-batch');
  });
  test.each([
    ['does not add up', { unplaced: [] }],
    ['takes minutes that others have taken meanwhile', { legs: [leg('lyon', '35', ['2999-01-05', 60], ['2999-01-06', 30])] }],
    [
      'takes more minutes than a day has, in two legs',
      { legs: [leg('oslo', '20', ['2999-01-05', 60]), leg('oslo', '15', ['2999-01-05', 50])] },
    ],
    ['takes other minutes than are needed', { legs: [leg('oslo', '35', ['2999-01-05', 60])] }],
    ['has no days', { legs: [leg('oslo', '35')] }],
    ['is of a plant that is not qualified', { legs: [leg('ayr', '35', ['2999-01-05', 60], ['2999-01-06', 30])] }],
    [
      'is in parts of pieces',
      { legs: [leg('oslo', '34.5', ['2999-01-05', 60], ['2999-01-06', 29])], unplaced: [{ quantity: '25.5', reason: 'OtherOrders' }] },
    ],
  ])('that %s is refused', (_, changes) => share(changes).rejects('share-outdated'));

  test('looks at the plants that the work master names', () => {
    const streams = (seen?: object) =>
      allocationPlan.regards!('ProposeAllocation', ask, allocationPlan.initial, seen as never).map(({ stream }) => stream);
    expect(streams()).toEqual(['work-master-corp.pump']);
    expect(streams(regarded)).toEqual([
      'work-master-corp.pump',
      'facility-capacity-lyon.cell',
      'transport-lane-lyon.oslo',
      'facility-capacity-oslo.cell',
    ]);
  });
  test('is proposed once', () => {
    given(allocationPlan, proposed).when('ProposeAllocation', ask, { regarded }).changesNothing();
    given(allocationPlan, proposed)
      .when('ProposeAllocation', { ...ask, quantity: { amount: '61', unit: 'pcs' } }, { regarded })
      .rejects('plan-exists');
  });
  test.each([
    ['of nothing', { quantity: { amount: '0', unit: 'pcs' as const } }, 'quantity-not-positive'],
    ['in another unit', { quantity: { amount: '1', unit: 'kg' as const } }, 'unit-incompatible'],
    ['for a time before it begins', { due: '2999-01-05T00:00:00Z' }, 'due-in-the-past'],
    ['without a facility that is none', { excluded: ['No such'] }, 'facility-malformed'],
  ])('%s is refused', (_, changes, code) =>
    given(allocationPlan)
      .when('ProposeAllocation', { ...ask, ...changes }, { regarded })
      .rejects(code),
  );
  test('without a work master places nothing, and says so', () => {
    const [none] = allocationPlan.decide.ProposeAllocation(ask, allocationPlan.initial, { ...context, regarded: {} }) as readonly [
      AllocationProposed,
    ];
    expect(none.data).toMatchObject({ legs: [], unallocated: [{ quantity: '60', reason: 'NoWorkMaster' }] });
  });
  test('is accepted, or rejected, or superseded', () => {
    given(allocationPlan, proposed).when('AcceptPlan', { planId }).then(accepted);
    given(allocationPlan, proposed, accepted).when('AcceptPlan', { planId }).changesNothing();
    given(allocationPlan, proposed).when('RejectPlan', { planId, reason: 'too dear' }).then(rejected);
    given(allocationPlan, proposed, rejected).when('AcceptPlan', { planId }).rejects('plan-over');
    given(allocationPlan, proposed, accepted).when('RejectPlan', { planId, reason: 'x' }).rejects('plan-over');
    given(allocationPlan, proposed, rejected).when('SupersedePlan', { planId, reason: 'x' }).rejects('plan-over');
    given(allocationPlan, proposed, accepted)
      .when('SupersedePlan', { planId, reason: 'x' })
      .then({ type: 'PlanSuperseded', data: { ...of, reason: 'x' } });
    given(allocationPlan).when('AcceptPlan', { planId }).rejects('plan-unknown');
  });
  test('is listed', () =>
    expect(folded(allocationPlanView, [`allocation-plan-${planId}`, [proposed, rejected]])[planId]).toMatchObject({
      facilityId: 'corp',
      status: 'Rejected',
      reason: 'too dear',
      quantity: '60',
      unallocated: [],
      revision: 1n,
    }));
});
