import { given } from '#platform/testing/given';
import { customerOrder } from './customer-order';
import type { CustomerDemand, CustomerOrderEvent, PlanChosen } from './customer-order.events';

const id = { customerOrderId: 'corp.CO-1' };
const at = '2026-01-05T08:00:00.000Z';
const demand: CustomerDemand = {
  customer: 'acme',
  product: 'flange',
  quantity: '500',
  unit: 'pcs',
  due: '2026-01-20T12:00:00.000Z',
  priority: 5,
  partial: 'Ask',
};
const pcs = (amount: string) => ({ amount, unit: 'pcs' as const });
const place = { ...id, customer: 'acme', product: 'flange', quantity: pcs('500'), due: demand.due };
const placed: CustomerOrderEvent = { type: 'CustomerOrderPlaced', data: { ...id, ...demand, placedAt: at } };
const buckets = [{ date: '2026-01-06', minutes: 400 }];
const input = (facilityId: string, quantity: string) => ({ facilityId, capacityId: `${facilityId}.cutting`, quantity, buckets });
const planned = (plan: number, unallocated: string, ...legs: (readonly [number, string, string])[]): PlanChosen => ({
  type: 'PlanChosen',
  data: {
    ...id,
    planId: `corp.CO-1-P${plan}`,
    legs: legs.map(([leg, facilityId, quantity]) => ({ leg, ...input(facilityId, quantity) })),
    operations: [],
    unallocated,
    surplus: '0',
  },
});
const chosen = planned(1, '100', [1, 'lyon', '250'], [2, 'haifa', '150']);
const leg = (n: number, facilityId: string) => ({ ...id, leg: n, facilityId });
const none = { scrap: '0', rework: '0' };
const ended = (n: number, facilityId: string, good: string, unallocated: string): CustomerOrderEvent => ({
  type: 'CustomerLegEnded',
  data: { ...leg(n, facilityId), made: { good, ...none }, unallocated, surplus: '0', endedAt: at },
});
const cancelling: CustomerOrderEvent = {
  type: 'CustomerOrderCancellationRequested',
  data: { ...id, running: 'Ask', reason: 'no longer needed', requestedAt: at },
};
const reason = 'as they ask';

describe('a customer order', () => {
  test('is placed once', () => {
    given(customerOrder).when('PlaceCustomerOrder', place).then(placed);
    given(customerOrder, placed).when('PlaceCustomerOrder', place).changesNothing();
    given(customerOrder, placed)
      .when('PlaceCustomerOrder', { ...place, quantity: pcs('600') })
      .rejects('customer-order-exists');
  });
  test.each([
    ['quantity-not-positive', { quantity: pcs('0') }],
    ['fraction-of-a-piece', { quantity: pcs('0.5') }],
    ['due-passed', { due: '2026-01-05T07:00:00Z' }],
    ['customer-order-id-too-long', { customerOrderId: `corp.${'x'.repeat(60)}` }],
  ])('is refused as %s', (code, change) =>
    given(customerOrder)
      .when('PlaceCustomerOrder', { ...place, ...change })
      .rejects(code),
  );
  test('is refused for an unknown product, and for a facility that nobody registered', () => {
    const regarded = { 'work-master-corp.flange': { operations: [] }, 'facility-oslo': {} };
    const order = { ...place, shipTo: 'oslo' };
    given(customerOrder)
      .when('PlaceCustomerOrder', order, { regarded })
      .then({ type: 'CustomerOrderPlaced', data: { ...id, ...demand, shipTo: 'oslo', placedAt: at } });
    given(customerOrder)
      .when('PlaceCustomerOrder', order, { regarded: { ...regarded, 'facility-oslo': null } })
      .rejects('facility-unknown');
    given(customerOrder)
      .when('PlaceCustomerOrder', order, { regarded: { ...regarded, 'work-master-corp.flange': null } })
      .rejects('work-master-unknown');
    const asked = customerOrder.regards!('PlaceCustomerOrder', order, customerOrder.initial);
    expect(asked.map(({ stream }) => stream)).toEqual(['work-master-corp.flange', 'facility-oslo']);
  });
  test('is amended up and down, but not below what is made', () => {
    const to = { ...demand, quantity: '300' };
    const amended = (past: CustomerOrderEvent[], balance: { unallocated: string; surplus: string }) =>
      given(customerOrder, ...past)
        .when('AmendCustomerOrder', { ...id, quantity: pcs('300'), reason })
        .then({ type: 'CustomerOrderAmended', data: { ...id, from: demand, to, ...balance, reason, amendedAt: at } });
    amended([placed], { unallocated: '300', surplus: '0' });
    amended([placed, chosen], { unallocated: '0', surplus: '100' });
    given(customerOrder, placed, chosen, ended(1, 'lyon', '250', '100'))
      .when('AmendCustomerOrder', { ...id, quantity: pcs('249'), reason })
      .rejects('below-produced');
    given(customerOrder, placed)
      .when('AmendCustomerOrder', { ...id, quantity: { amount: '3', unit: 'kg' }, reason })
      .rejects('unit-incompatible');
    given(customerOrder, placed)
      .when('AmendCustomerOrder', { ...id, due: at, reason })
      .rejects('due-passed');
    given(customerOrder, placed)
      .when('AmendCustomerOrder', { ...id, priority: 5, reason })
      .changesNothing();
    given(customerOrder, placed, cancelling)
      .when('AmendCustomerOrder', { ...id, priority: 1, reason })
      .rejects('customer-order-state');
  });
  test('is held and resumed', () => {
    const held: CustomerOrderEvent = { type: 'CustomerOrderHeld', data: { ...id, reason, heldAt: at } };
    given(customerOrder, placed)
      .when('HoldCustomerOrder', { ...id, reason })
      .then(held);
    given(customerOrder, placed, held)
      .when('HoldCustomerOrder', { ...id, reason })
      .changesNothing();
    given(customerOrder, placed, held)
      .when('ResumeCustomerOrder', id)
      .then({ type: 'CustomerOrderResumed', data: { ...id, resumedAt: at } });
    given(customerOrder).when('ResumeCustomerOrder', id).rejects('customer-order-unknown');
  });
  test('is cancelled once, and not when it is complete', () => {
    const completed: CustomerOrderEvent = {
      type: 'CustomerOrderCompleted',
      data: { ...id, produced: '500', scrapped: '0', delivered: '0', completedAt: at },
    };
    given(customerOrder, placed)
      .when('CancelCustomerOrder', { ...id, reason: 'no longer needed' })
      .then(cancelling);
    given(customerOrder, placed, cancelling)
      .when('CancelCustomerOrder', { ...id, reason })
      .changesNothing();
    given(customerOrder, placed, completed)
      .when('CancelCustomerOrder', { ...id, reason })
      .rejects('customer-order-completed');
  });
});

describe('its legs', () => {
  test('and the rest add up to what is ordered, through all plans', () => {
    given(customerOrder, placed)
      .when('RecordPlanChosen', { ...id, planId: 'corp.CO-1-P1', legs: [input('lyon', '250'), input('haifa', '150')] })
      .then(chosen);
    const second = { ...id, planId: 'corp.CO-1-P2', legs: [input('oslo', '150')] };
    const short = ended(1, 'lyon', '200', '150');
    given(customerOrder, placed, chosen, short)
      .when('RecordPlanChosen', second)
      .then(planned(2, '0', [3, 'oslo', '150']));
    given(customerOrder, placed, chosen).when('RecordPlanChosen', second).rejects('plan-outdated');
    given(customerOrder, placed, cancelling).when('RecordPlanChosen', second).rejects('customer-order-state');
    given(customerOrder, placed, chosen)
      .when('RecordPlanChosen', { ...second, planId: 'corp.CO-1-P1' })
      .changesNothing();
    given(customerOrder, placed)
      .when('RecordPlanChosen', { ...second, legs: [{ ...input('oslo', '1'), capacityId: 'lyon.cutting' }] })
      .rejects('wrong-facility');
  });
  test('have the operations of the work master', () => {
    const operations = [{ operationId: '10', name: 'cut', sequence: 10 }];
    const legs = [input('lyon', '250'), input('haifa', '150')];
    given(customerOrder, placed)
      .when('RecordPlanChosen', { ...id, planId: 'corp.CO-1-P1', legs }, { regarded: { 'work-master-corp.flange': { operations } } })
      .then({ ...chosen, data: { ...chosen.data, operations } });
  });
  test('are done and undone step by step, each recorded once', () => {
    const done: CustomerOrderEvent = { type: 'CustomerLegStepDone', data: { ...leg(1, 'lyon'), step: 'Reserve', attempt: 1 } };
    const undone: CustomerOrderEvent = { type: 'CustomerLegStepUndone', data: { ...leg(1, 'lyon'), step: 'Reserve' } };
    const step = { ...id, leg: 1, step: 'Reserve' as const };
    given(customerOrder, placed, chosen)
      .when('RecordCustomerLegStep', { ...step, attempt: 1 })
      .then(done);
    given(customerOrder, placed, chosen, done)
      .when('RecordCustomerLegStep', { ...step, attempt: 1 })
      .changesNothing();
    given(customerOrder, placed, chosen, done).when('RecordCustomerLegUndo', step).then(undone);
    given(customerOrder, placed, chosen, done, undone).when('RecordCustomerLegUndo', step).changesNothing();
    given(customerOrder, placed, chosen)
      .when('RecordCustomerLegStep', { ...step, leg: 9, attempt: 1 })
      .rejects('leg-unknown');
    given(customerOrder, placed, chosen)
      .when('RecordCustomerLegUndone', { ...id, leg: 1, why: 'lyon refused' })
      .then({ type: 'CustomerLegUndone', data: { ...leg(1, 'lyon'), why: 'lyon refused', unallocated: '350', surplus: '0' } });
  });
  test('cannot be undone once they have started', () => {
    const started: CustomerOrderEvent = { type: 'CustomerLegStarted', data: { ...leg(1, 'lyon'), startedAt: at } };
    given(customerOrder, placed, chosen)
      .when('RecordCustomerLegStarted', { ...id, leg: 1 })
      .then(started);
    given(customerOrder, placed, chosen, started)
      .when('RecordCustomerLegStarted', { ...id, leg: 1 })
      .changesNothing();
    given(customerOrder, placed, chosen, started)
      .when('RecordCustomerLegUndone', { ...id, leg: 1, why: reason })
      .rejects('leg-started');
  });
  test('count what is made, then what has arrived', () => {
    given(customerOrder, placed, chosen)
      .when('RecordCustomerLegEnded', { ...id, leg: 1, good: '260', ...none })
      .then(ended(1, 'lyon', '260', '90'));
    const delivery = { received: '240', short: '0', damaged: '20', lost: '0', returned: '0' };
    given(customerOrder, placed, chosen, ended(1, 'lyon', '260', '90'))
      .when('RecordCustomerLegDelivered', { ...id, leg: 1, ...delivery })
      .then({ type: 'CustomerLegDelivered', data: { ...leg(1, 'lyon'), delivery, unallocated: '110', surplus: '0', deliveredAt: at } });
  });
  test('have scrapped what is scrap, and not what is to be reworked', () => {
    const made = { good: '500', scrap: '3', rework: '2' };
    const all: CustomerOrderEvent = {
      type: 'CustomerLegEnded',
      data: { ...leg(1, 'lyon'), made, unallocated: '0', surplus: '250', endedAt: at },
    };
    const undone: CustomerOrderEvent = {
      type: 'CustomerLegUndone',
      data: { ...leg(2, 'haifa'), why: reason, unallocated: '0', surplus: '0' },
    };
    given(customerOrder, placed, chosen, all, undone)
      .when('RecordCustomerOrderCompleted', id)
      .then({ type: 'CustomerOrderCompleted', data: { ...id, produced: '500', scrapped: '3', delivered: '0', completedAt: at } });
  });
  test('are waited for before the order is over', () => {
    const undone: CustomerOrderEvent = {
      type: 'CustomerLegUndone',
      data: { ...leg(2, 'haifa'), why: reason, unallocated: '250', surplus: '0' },
    };
    const over = [placed, chosen, ended(1, 'lyon', '250', '100'), undone];
    given(customerOrder, placed, chosen).when('RecordCustomerOrderCompleted', id).rejects('legs-open');
    given(customerOrder, ...over)
      .when('RecordCustomerOrderCompleted', id)
      .rejects('quantity-short');
    given(customerOrder, ...over)
      .when('RecordCustomerOrderCompleted', { ...id, short: true })
      .then({
        type: 'CustomerOrderCompleted',
        data: { ...id, produced: '250', scrapped: '0', delivered: '0', short: '250', completedAt: at },
      });
    given(customerOrder, ...over, cancelling)
      .when('RecordCustomerOrderCancelled', id)
      .then({
        type: 'CustomerOrderCancelled',
        data: { ...id, reason: 'no longer needed', produced: '250', scrapped: '0', stocked: '250', returned: '0', cancelledAt: at },
      });
  });
});

test('an order in another unit than its product is refused', () => {
  given(customerOrder)
    .when('PlaceCustomerOrder', place, { regarded: { 'work-master-corp.flange': { unit: 'kg' } } })
    .rejects('unit-incompatible');
});

describe('the figures of an order that is over', () => {
  const undone: CustomerOrderEvent = {
    type: 'CustomerLegUndone',
    data: { ...leg(2, 'haifa'), why: reason, unallocated: '250', surplus: '0' },
  };
  const over = [placed, chosen, ended(1, 'lyon', '250', '100'), undone];
  const none = { scrap: '7', rework: '0' };
  const corrected = (good: string, unallocated: string): CustomerOrderEvent => ({
    type: 'CustomerLegEnded',
    data: { ...leg(1, 'lyon'), made: { good, ...none }, unallocated, surplus: '0', endedAt: at },
  });

  test('follow a correction of what was made', () => {
    const completed: CustomerOrderEvent = {
      type: 'CustomerOrderCompleted',
      data: { ...id, produced: '250', scrapped: '0', delivered: '0', short: '250', completedAt: at },
    };
    const result: CustomerOrderEvent = {
      type: 'CustomerOrderResultCorrected',
      data: { ...id, produced: '240', scrapped: '7', delivered: '0', short: '260', correctedAt: at },
    };
    given(customerOrder, ...over, completed)
      .when('RecordCustomerLegEnded', { ...id, leg: 1, good: '240', ...none })
      .then(corrected('240', '260'), result);
    given(customerOrder, ...over, completed, corrected('240', '260'), result)
      .when('RecordCustomerLegEnded', { ...id, leg: 1, good: '240', ...none })
      .changesNothing();
  });

  test('count as delivered what was made where all is shipped to', () => {
    const toLyon: CustomerOrderEvent = { type: 'CustomerOrderPlaced', data: { ...id, ...demand, shipTo: 'lyon', placedAt: at } };
    given(customerOrder, toLyon, ...over.slice(1))
      .when('RecordCustomerOrderCompleted', { ...id, short: true })
      .then({
        type: 'CustomerOrderCompleted',
        data: { ...id, produced: '250', scrapped: '0', delivered: '250', short: '250', completedAt: at },
      });
  });

  test('follow it in a cancelled order, and in what arrives after its end', () => {
    const cancelled: CustomerOrderEvent = {
      type: 'CustomerOrderCancelled',
      data: { ...id, reason, produced: '250', scrapped: '0', stocked: '250', returned: '0', cancelledAt: at },
    };
    given(customerOrder, ...over, cancelling, cancelled)
      .when('RecordCustomerLegEnded', { ...id, leg: 1, good: '240', ...none })
      .then(corrected('240', '260'), {
        type: 'CustomerOrderResultCorrected',
        data: { ...id, produced: '240', scrapped: '7', stocked: '240', returned: '0', correctedAt: at },
      });
    const delivery = { received: '200', short: '0', damaged: '20', lost: '0', returned: '30' };
    given(customerOrder, ...over, cancelling, cancelled)
      .when('RecordCustomerLegDelivered', { ...id, leg: 1, ...delivery })
      .then(
        { type: 'CustomerLegDelivered', data: { ...leg(1, 'lyon'), delivery, unallocated: '300', surplus: '0', deliveredAt: at } },
        {
          type: 'CustomerOrderResultCorrected',
          data: { ...id, produced: '250', scrapped: '0', stocked: '230', returned: '30', correctedAt: at },
        },
      );
  });
});

test('a compensation that keeps being refused waits for a person, who has it tried again or has done it', () => {
  const refusal = { ...id, leg: 1, step: 'Release' as const, undo: true, attempt: 5, code: 'x', message: 'No.' };
  const of = { ...leg(1, 'lyon'), step: 'Release' as const, code: 'x', message: 'No.' };
  const refused: CustomerOrderEvent = { type: 'CustomerLegStepRefused', data: { ...of, undo: true, attempt: 5 } };
  const blocked: CustomerOrderEvent = { type: 'CompensationBlocked', data: { ...of, attempts: 5, blockedAt: at } };
  given(customerOrder, placed, chosen)
    .when('RecordCustomerLegRefusal', { ...refusal, blocked: true })
    .then(refused, blocked);
  given(customerOrder, placed, chosen, refused, blocked)
    .when('RecordCustomerLegRefusal', { ...refusal, blocked: true })
    .changesNothing();
  for (const [command, type] of [
    ['RetryCompensation', 'CompensationRetried'],
    ['SettleCompensation', 'CompensationSettled'],
  ] as const) {
    const freed: CustomerOrderEvent = { type, data: { ...leg(1, 'lyon'), step: 'Release', reason } };
    given(customerOrder, placed, chosen, refused, blocked)
      .when(command, { ...id, leg: 1, reason })
      .then(freed);
    given(customerOrder, placed, chosen, refused, blocked, freed)
      .when(command, { ...id, leg: 1, reason })
      .changesNothing();
    given(customerOrder, placed, chosen)
      .when(command, { ...id, leg: 1, reason })
      .rejects('compensation-not-blocked');
  }
});

test('a decision is awaited and taken once', () => {
  const decision = { ...id, decisionId: 'corp.CO-1-D1' };
  const awaited: CustomerOrderEvent = {
    type: 'CustomerOrderDecisionAwaited',
    data: { ...decision, question: 'What now?', options: ['Accept', 'Cancel'], dueAt: demand.due },
  };
  const decided: CustomerOrderEvent = { type: 'CustomerOrderDecided', data: { ...decision, option: 'Accept' } };
  const { data } = awaited;
  given(customerOrder, placed)
    .when('RecordDecisionAwaited', { ...data, options: [...data.options] })
    .then(awaited);
  given(customerOrder, placed, awaited)
    .when('RecordDecisionAwaited', { ...data, options: [...data.options] })
    .changesNothing();
  given(customerOrder, placed, awaited)
    .when('RecordDecisionTaken', { ...decision, option: 'Accept' })
    .then(decided);
  given(customerOrder, placed, awaited, decided)
    .when('RecordDecisionTaken', { ...decision, option: 'Cancel' })
    .changesNothing();
});
