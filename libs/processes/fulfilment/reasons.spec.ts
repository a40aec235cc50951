import type { PlannedLeg } from '#customer-order/customer-order.events';
import { legIdOf } from '#manufacturing/order-ids';
import { whenCustomerOrderPlacedFulfilIt as fulfil } from '../when-customer-order-placed-fulfil-it';
import { fold } from './inputs';
import type { Input } from './messages';
import type { Fulfilment } from './state';

const ORDER = 'corp.CO-1';
const of = { customerOrderId: ORDER };
const at = '2026-01-05T08:00:00.000Z';
const demand = (quantity: string) => ({
  customer: 'acme',
  product: 'flange',
  quantity,
  unit: 'pcs',
  due: '2026-01-20T18:00:00.000Z',
  partial: 'Ask',
});
const input = (type: string, data: object): Input => ({ type, data: { ...of, ...data } }) as unknown as Input;

const placed = (quantity: string) => input('CustomerOrderPlaced', { ...demand(quantity), placedAt: at });
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
