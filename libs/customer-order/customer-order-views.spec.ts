import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plus } from '#manufacturing/quantity';
import { folded } from '#platform/testing/folded';
import { customerOrderLeg } from './customer-order-leg.view';
import { customerOrderView } from './customer-order.view';
import type { CustomerOrderEvent } from './customer-order.events';

const history = join(__dirname, '../../../libs/customer-order/history');
const recorded = (type: CustomerOrderEvent['type']): CustomerOrderEvent =>
  JSON.parse(readFileSync(join(history, `${type}.1.json`), 'utf8')) as CustomerOrderEvent;
const events = (...types: CustomerOrderEvent['type'][]) => types.map(recorded);
const STREAM = 'customer-order-corp.CO-1';

test('the board shows demand, balance, and what the order waits for', () => {
  const row = (...types: CustomerOrderEvent['type'][]) =>
    folded(customerOrderView, [STREAM, events('CustomerOrderPlaced', ...types)])['corp.CO-1']!;
  expect(row()).toMatchObject({ facilityId: 'corp', status: 'Open', quantity: '500', allocated: '0', unallocated: '500', shipTo: 'haifa' });
  const planned = row('PlanChosen', 'CustomerOrderDecisionAwaited', 'CompensationBlocked');
  expect(planned).toMatchObject({ plans: 1, legs: 1, allocated: '200', unallocated: '300', blocked: 1, decisionId: 'corp.CO-1-D1' });
  expect(plus(planned.allocated, planned.unallocated)).toBe(plus(planned.quantity, planned.surplus));
  expect(row('PlanChosen', 'CustomerOrderDecisionAwaited', 'CustomerOrderDecided')).toMatchObject({ decisionId: null, question: null });
  expect(row('CompensationBlocked', 'CompensationSettled')).toMatchObject({ blocked: 0 });
  expect(row('CustomerOrderHeld')).toMatchObject({ status: 'Held', reason: 'credit check' });
  expect(row('CustomerOrderHeld', 'CustomerOrderResumed')).toMatchObject({ status: 'Open', reason: null });
  expect(row('CustomerOrderAmended')).toMatchObject({ quantity: '600', unallocated: '400', allocated: '200' });
  expect(row('CustomerOrderCompleted')).toMatchObject({ status: 'Completed', produced: '495', delivered: '490', short: '10' });
  expect(row('CustomerOrderCompleted', 'CustomerOrderResultCorrected')).toMatchObject({
    status: 'Completed',
    ...{ produced: '480', scrapped: '20', delivered: '480', short: '20', correctedAt: '2026-01-06T08:00:00.000Z' },
  });
  expect(row('CustomerOrderCancellationRequested', 'CustomerOrderCancelled')).toMatchObject({ status: 'Cancelled', stocked: '195' });
});

test('a leg shows step, attempt, last error, and what was compensated', () => {
  const row = (...types: CustomerOrderEvent['type'][]) =>
    folded(customerOrderLeg, [STREAM, events('CustomerOrderPlaced', 'PlanChosen', ...types)])['lyon.L1_corp_CO-1']!;
  expect(row()).toMatchObject({ facilityId: 'lyon', status: 'Planned', quantity: '200', planId: 'corp.CO-1-P1', done: [] });
  expect(row('CustomerLegStepDone')).toMatchObject({ step: 'Reserve', done: ['Reserve'], attempt: 1 });
  const refused = row('CustomerLegStepDone', 'CustomerLegStepRefused');
  expect(refused).toMatchObject({ step: 'Release', lastError: 'some-state: Not possible now.', againAt: '2026-01-05T08:01:00.000Z' });
  expect(row('CustomerLegStepRefused', 'CompensationBlocked')).toMatchObject({ blocked: 'Release', againAt: null });
  expect(row('CustomerLegStepUndone', 'CustomerLegUndone')).toMatchObject({ compensated: ['Release'], status: 'Undone' });
  expect(row('CompensationBlocked', 'CompensationRetried')).toMatchObject({ blocked: null, compensated: [] });
  expect(row('CustomerLegStarted', 'CustomerLegEnded')).toMatchObject({ status: 'Ended', good: '195', scrap: '5' });
  expect(row('CustomerLegEnded', 'CustomerLegDelivered')).toMatchObject({ status: 'Delivered', received: '190' });
  expect(row('CustomerLegReduced')).toMatchObject({ quantity: '150' });
});
