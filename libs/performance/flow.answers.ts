import { ObjectType } from '@nestjs/graphql';
import { Amount, Count, Flagged, Fresh, KpiAnswer, Moment, Named, One, Restated, Seconds, Several, Value } from './fields.answers';

/** Orders that were due, of one product or of all. */
@ObjectType('Adherence', {})
class AdherenceGroup {
  @Named('The product; null for all orders together.', true)
  product: string | null;

  @Count('Orders whose planned end lies in the period; cancelled ones do not count.')
  due: number;

  @Count('Of those, ended by their planned end, with their quantity less its tolerance.')
  onTime: number;

  @Count('Ended with their quantity after their planned end.')
  late: number;

  @Count('Ended with less than their quantity.')
  short: number;

  @Count('Aborted.')
  aborted: number;

  @Count('Not ended, and overdue.')
  overdue: number;

  @Count('Not ended; their planned end is still to come.')
  open: number;

  @Value('onTime / (due − open).')
  adherence: KpiAnswer;

  @Value('Orders started by their planned start / orders whose planned start is past.')
  startAdherence: KpiAnswer;

  @Seconds('Mean time from the planned end to the end of the late orders', true)
  meanDelaySeconds: number | null;

  @Seconds('The longest such time', true)
  longestDelaySeconds: number | null;

  @Restated()
  restatedAt: string | null;
}

@ObjectType('ScheduleAdherence', {})
export class ScheduleAdherence extends Fresh {
  @Several(() => AdherenceGroup, 'One entry for each product.')
  items: AdherenceGroup[];

  @One(() => AdherenceGroup, 'All products together.')
  total: AdherenceGroup;

  @Moment('What "now" was.')
  until: string;
}

/** What the orders of a product made, that ended in the period. */
@ObjectType('Throughput', {})
class ThroughputGroup {
  @Named('The product; null for orders that were only observed without one.', true)
  product: string | null;

  @Named('Unit of the quantities.')
  unit: string;

  @Count('Orders that ended, completed or aborted.')
  orders: number;

  @Amount('GQ: good of their last operation.')
  good: string;

  @Amount('PQ: that, and the scrap and rework of all operations.')
  produced: string;

  @Seconds('AOET: from the start to the end of each order, summed')
  executionSeconds: number;

  @Value('PQ / AOET: quantity for each hour of order execution time.')
  throughputRate: KpiAnswer;

  @Restated()
  restatedAt: string | null;
}

@ObjectType('ThroughputReport', {})
export class ThroughputReport extends Fresh {
  @Several(() => ThroughputGroup, 'One entry for each product and unit.')
  items: ThroughputGroup[];
}

/** The first-pass yield of one operation. */
@ObjectType('OperationYield', {})
class OperationYield {
  @Named('Id of the operation.')
  operationId: string;

  @Amount('GP: good.')
  good: string;

  @Amount('SQ: scrap.')
  scrap: string;

  @Amount('RQ: rework.')
  rework: string;

  @Value('FPY = GP / IP; every piece that was reported counts as inspected: IP = good + scrap + rework.')
  firstPassYield: KpiAnswer;

  @Restated()
  restatedAt: string | null;
}

/** The first-pass yield of one product. */
@ObjectType('ProductYield', {})
class ProductYield {
  @Named('The product; null for orders that were only observed without one.', true)
  product: string | null;

  @Named('Unit of the quantities.')
  unit: string;

  @Several(() => OperationYield, 'Its operations.')
  operations: OperationYield[];

  @Amount('Product of the first-pass yields of its operations, six decimals; null where one of them has none.', true)
  rolledYield: string | null;
}

@ObjectType('YieldReport', {})
export class YieldReport extends Fresh {
  @Several(() => ProductYield, 'One entry for each product and unit.')
  items: ProductYield[];
}

/** How long orders took. */
@ObjectType('Durations', {})
class Durations {
  @Count('Orders.')
  orders: number;

  @Seconds('Mean', true)
  mean: number | null;

  @Seconds('Half of the orders took at most', true)
  half: number | null;

  @Seconds('Nine of ten orders took at most', true)
  nineOfTen: number | null;

  @Seconds('The longest', true)
  longest: number | null;
}

/** The lead time of one product, or of all. */
@ObjectType('LeadTime', {})
class LeadTimeGroup {
  @Named('The product; null for all orders together.', true)
  product: string | null;

  @One(() => Durations, 'From the first release to the end. Orders that were only observed have no release.')
  lead: Durations;

  @One(() => Durations, 'From the start to the end: order execution time.')
  execution: Durations;

  @Restated()
  restatedAt: string | null;
}

@ObjectType('LeadTimeReport', {})
export class LeadTimeReport extends Fresh {
  @Several(() => LeadTimeGroup, 'One entry for each product.')
  items: LeadTimeGroup[];

  @One(() => LeadTimeGroup, 'All products together.')
  total: LeadTimeGroup;
}

/** What lies at one operation, and since when. */
@ObjectType('AgedWip', {})
class AgedWip {
  @Named('The product.')
  product: string;

  @Named('Id of the operation.')
  operationId: string;

  @Named('Its name.')
  operation: string;

  @Named('Unit of the quantity.')
  unit: string;

  @Amount('Quantity that was passed on to the operation and has not left it.')
  inProcess: string;

  @Count('Orders with such a quantity.')
  orders: number;

  @Count('Of those, with the operation under way on a machine.')
  running: number;

  @Moment('Start of the oldest of these orders.', true)
  oldestSince: string | null;

  @Named('That order.', true)
  oldestOrder: string | null;

  @Seconds('Age of the oldest: the time since its order began', true)
  oldestAgeSeconds: number | null;

  @Seconds('Mean age, weighted by quantity', true)
  meanAgeSeconds: number | null;
}

@ObjectType('WipReport', {})
export class WipReport extends Fresh {
  @Several(() => AgedWip, 'One entry for each product, operation and unit.')
  items: AgedWip[];

  @Moment('What "now" was.')
  until: string;

  @Flagged('True where there are more than 2,000 entries, and some are left out.')
  more: boolean;
}
