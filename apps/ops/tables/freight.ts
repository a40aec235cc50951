/**
 * Freight rates of carriers, by weight, as one price for a unit on each lane: that of the average order to the destination, with the cheapest
 * carrier that takes its weight. A plant at the destination ships for nothing.
 */
import { decimal, millionths } from '#manufacturing/quantity';
import { type CellReader, type Exception, type Places, ratio, type Rows, total } from './cells';

export type Weighed = Readonly<{ to?: string; quantity: string; weight?: string }>;
type Rate = Readonly<{ from: string; to: string; low: bigint; high?: bigint; rate: bigint; minimum: bigint; days: number }>;
export type LaneCost = Readonly<{ from: string; to: string; transitHours: number; costPerUnit: string }>;

export function laneCosts(
  rows: Rows,
  read: CellReader,
  ports: readonly Readonly<{ value: Readonly<{ port: string; plant: string }> }>[],
  places: Places,
  orders: readonly Weighed[],
  exceptions: Exception[],
): LaneCost[] {
  const rates = rows('freight', (row): Rate => {
    const optional = (column: string) => (row.of(column) === undefined ? undefined : read.amount(row, column));
    const high = optional('weightTo');
    return {
      from: read.text(row, 'from'),
      to: places.idOf(read.text(row, 'to'), 'to'),
      low: millionths(optional('weightFrom') ?? '0'),
      ...(high === undefined ? {} : { high: millionths(high) }),
      rate: millionths(read.amount(row, 'rate')),
      minimum: millionths(optional('minimum') ?? '0'),
      days: Math.ceil(Number(optional('days') ?? '0')),
    };
  }).map(({ value }) => value);
  const lanes: LaneCost[] = [];
  for (const to of [...new Set(orders.flatMap((order) => (order.to ? [order.to] : [])))].sort()) {
    const going = orders.filter((order) => order.to === to);
    const [quantity, weight] = [total(going.map((order) => order.quantity)), total(going.map((order) => order.weight ?? order.quantity))];
    const average = millionths(ratio(weight, String(going.length)));
    const units = ratio(quantity, String(going.length));
    const origins = new Map<string, Set<string>>();
    for (const { value } of ports) origins.set(value.plant, (origins.get(value.plant) ?? new Set()).add(value.port));
    for (const [plant, from] of [...origins].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (plant === to) continue;
      if (from.has(places.nameOf(to))) {
        lanes.push({ from: plant, to, transitHours: 0, costPerUnit: '0' });
        continue;
      }
      const best = rates
        .filter((rate) => rate.to === to && from.has(rate.from) && average >= rate.low && (rate.high === undefined || average <= rate.high))
        .map(({ rate, minimum, days }) => {
          const byWeight = (rate * average) / 1_000_000n;
          return { days, cost: byWeight > minimum ? byWeight : minimum };
        })
        .sort((a, b) => (a.cost === b.cost ? a.days - b.days : a.cost < b.cost ? -1 : 1))[0];
      if (best)
        lanes.push({ from: plant, to, transitHours: Math.min(8_760, best.days * 24), costPerUnit: ratio(decimal(best.cost), units) });
      else
        exceptions.push({
          table: 'freight',
          line: 0,
          code: 'rate-missing',
          message: `No rate from ${[...from].sort().join(', ')} (${plant}) to ${to} takes ${decimal(average)}, the average weight of an order: ${plant} does not ship there.`,
        });
    }
  }
  return lanes;
}
