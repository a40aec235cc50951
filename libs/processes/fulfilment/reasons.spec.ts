import type { PlannedLeg } from '#customer-order/customer-order.events';
import { legIdOf, transferIdOf } from '#manufacturing/order-ids';
import { whenCustomerOrderPlacedFulfilIt as fulfil } from '../when-customer-order-placed-fulfil-it';
import { fold } from './inputs';
import type { Input } from './messages';
import { next } from './next';
import { acceptsRest, type Fulfilment } from './state';

const ORDER = 'corp.CO-1';
const of = { customerOrderId: ORDER };
const at = '2026-01-05T08:00:00.000Z';
const demand = (quantity: string, more: object = {}) => ({
  customer: 'acme',
  product: 'flange',
  quantity,
  unit: 'pcs',
  due: '2026-01-20T18:00:00.000Z',
  partial: 'Ask',
  ...more,
});
const input = (type: string, data: object): Input => ({ type, data: { ...of, ...data } }) as unknown as Input;

const placed = (quantity: string, more?: object) => input('CustomerOrderPlaced', { ...demand(quantity, more), placedAt: at });
const amended = (to: string) => input('CustomerOrderAmended', { to: demand(to) });
const chosen = (...legs: readonly (readonly [n: number, plant: string, quantity: string])[]) =>
  input('PlanChosen', {
    planId: `${ORDER}-P1`,
    operations: [],
    legs: legs.map(
      ([leg, facilityId, quantity]) =>
        ({ leg, facilityId, capacityId: `${facilityId}.cell`, quantity, buckets: [] }) as unknown as PlannedLeg,
    ),
  });
const ended = (n: number, plant: string, good: string) =>
  input('WorkOrderEnded', { workOrderId: legIdOf(ORDER, n, plant), totals: { good, scrap: '0', rework: '0' }, endedAt: at });

const corrected = (n: number, plant: string, good: string) => {
  const workOrderId = legIdOf(ORDER, n, plant);
  return input('LegCorrected', { workOrderId, productionOrderId: workOrderId, to: { good, scrap: '0', rework: '0' } });
};

const after = (...inputs: readonly Input[]): Fulfilment => inputs.reduce(fold, fulfil.initial);
const whyOf = ({ legs }: Fulfilment, n: number) => legs.find(({ leg }) => leg === n)?.why;

const CUSTOMER = 'the customer needs less';
const PLANT = 'another plant has made more than was planned';

describe('a leg that is no longer wanted says why', () => {
  const over = [placed('100'), chosen([1, 'lyon', '60'], [2, 'haifa', '40']), ended(1, 'lyon', '65')];

  test('because the customer needs less', () => {
    expect(whyOf(after(placed('100'), chosen([1, 'lyon', '60'], [2, 'haifa', '40']), amended('70')), 2)).toBe(CUSTOMER);
  });
  test('because another plant has made more', () => {
    expect(whyOf(after(...over), 2)).toBe(PLANT);
  });
  test('because the customer needs less, although another plant had made more before', () => {
    expect(whyOf(after(...over, chosen([3, 'haifa', '35']), amended('80')), 3)).toBe(CUSTOMER);
  });
  test('because a report that fell short was corrected to what was planned', () => {
    const short = [placed('100'), chosen([1, 'lyon', '60'], [2, 'haifa', '40']), ended(1, 'lyon', '50'), chosen([3, 'haifa', '10'])];
    expect(whyOf(after(...short, corrected(1, 'lyon', '60')), 3)).toBe('another plant has made more than it had reported');
  });
  test('because another plant has made more, although the customer needed less before', () => {
    const amendedFirst = [placed('100'), chosen([1, 'lyon', '60'], [2, 'haifa', '30']), amended('90')];
    expect(whyOf(after(...amendedFirst, ended(1, 'lyon', '65')), 2)).toBe(PLANT);
  });
});

/** Its own records are answered at once. */
const told = (before: Fulfilment): Fulfilment => {
  let state = before;
  while (state.notes.length > 0) state = fold({ ...state, doing: { do: 'note' } }, input('CommandAccepted', {}));
  return state;
};

test('an accepted shortage covers no later loss', () => {
  const made = [placed('100', { shipTo: 'oslo', partial: 'Accept' }), chosen([1, 'lyon', '60']), ended(1, 'lyon', '60')];
  const accepted = told(after(...made, input('TransferShipped', { transferId: transferIdOf(ORDER, 1, 'lyon', 1) })));
  const short: Fulfilment = {
    ...accepted,
    unplaceable: '40',
    shortAccepted: true,
    shortBy: '40',
    legs: accepted.legs.map((leg) => ({ ...leg, transfer: 'shipped', freed: true })),
  };
  expect(acceptsRest(short)).toBe(true);
  const books = { received: '0', short: '0', damaged: '0', lost: '60', returned: '0' };
  const lost = fold(short, input('TransferClosed', { transferId: transferIdOf(ORDER, 1, 'lyon', 1), ...books }));
  expect(acceptsRest(lost)).toBe(false);
  expect(next(told(lost))).toEqual({ do: 'propose' });
});

test('what a transfer brought counts in the unit of the order', () => {
  const made = told(
    after(placed('10', { unit: 'kg', shipTo: 'oslo' }), chosen([1, 'lyon', '5'], [2, 'haifa', '5']), ended(1, 'lyon', '5')),
  );
  const shipped: Fulfilment = { ...made, legs: made.legs.map((leg) => (leg.leg === 1 ? { ...leg, transfer: 'shipped' } : leg)) };
  const books = { received: '5000', short: '0', damaged: '0', lost: '0', returned: '0' };
  const items = [{ item: '1', materialId: 'flange', unit: 'g', ...books }];
  const closed = fold(shipped, input('TransferClosed', { transferId: transferIdOf(ORDER, 1, 'lyon', 1), ...books, items }));
  expect(closed.legs).toMatchObject([{ delivery: { received: '5' } }, { goal: 'make' }]);
  // What the unit of the order cannot hold is rounded down, not lost.
  const dust = fold(
    shipped,
    input('TransferClosed', {
      transferId: transferIdOf(ORDER, 1, 'lyon', 1),
      ...books,
      items: [{ ...items[0], unit: 'mg', received: '1234567.5' }],
    }),
  );
  expect(dust.legs[0]).toMatchObject({ delivery: { received: '1.234567' } });
});

test('all or nothing takes no part', () => {
  const asked: Fulfilment = { ...after(placed('10', { partial: 'AllOrNothing' })), planning: 'asked', plans: 1 };
  const proposal = {
    planId: `${ORDER}-P1`,
    legs: [{ facilityId: 'lyon', quantity: '6' }],
    unallocated: [{ quantity: '4', reason: 'Material' }],
  };
  const proposed = fold(asked, input('AllocationProposed', proposal));
  expect(proposed).toMatchObject({ verdict: 'reject', question: { kind: 'Nothing' } });
});

test('a plant that refused to make less is asked again when the order is amended', () => {
  const running = after(placed('100'), chosen([1, 'lyon', '100']));
  const refused: Fulfilment = { ...running, legs: running.legs.map((leg) => ({ ...leg, started: true, untrimmable: true })) };
  expect(fold(refused, amended('60')).legs).toMatchObject([{ trimTo: '60' }]);
});
