/**
 * Tables of plants and orders as commands. Promises: each row is part of a command, or is named with the reason why it is not; the same tables give
 * the same commands. Does not: read files or send.
 */
import { createHash } from 'node:crypto';
import { millionths } from '#manufacturing/quantity';
import { Unreadable } from '../import/texts';
import { type CellReader, type Cells, type Exception, Places, readerOf, type Rows } from './cells';
import { laneCosts, type Weighed } from './freight';
import type { TableName, TablesMapping } from './mapping';

export type Tables = Readonly<Partial<Record<TableName, readonly Cells[]>>>;
/** A command, and the row of which it is made if it is of one. */
export type Asked = Readonly<{
  path: string;
  role: string;
  data: Readonly<Record<string, unknown>>;
  from?: Readonly<{ table: TableName; line: number }>;
}>;
export type Assembled = Readonly<{
  facilities: readonly Asked[];
  capacities: readonly Asked[];
  /** Draft and approval by another person. */
  workMasters: readonly Readonly<{ workMasterId: string; version: string; draft: Asked; approval: Asked }>[];
  lanes: readonly Asked[];
  orders: readonly Asked[];
  exceptions: readonly Exception[];
}>;

type Plant = { name: string; perDay?: string; cost?: string; customers: Set<string> };

/** The least that the planner counts: where a day is measured in orders, the quantity takes no time. */
const NO_TIME = '0.000001';
const MOST_UNITS = 10_000;

export function assemble(mapping: TablesMapping, tables: Tables): Assembled {
  const exceptions: Exception[] = [];
  const rows = <T>(table: TableName, read: (row: Cells) => T): { value: T; line: number }[] =>
    (tables[table] ?? []).flatMap((row) => {
      try {
        return [{ value: read(row), line: row.line }];
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        exceptions.push({ table, line: row.line, code: error.code, message: error.message });
        return [];
      }
    });
  const read = readerOf(mapping);
  const places = new Places();
  const plants = new Map<string, Plant>();
  const plantIn = (row: Cells): Plant & { id: string } => {
    const text = read.text(row, 'plant');
    const id = places.idOf(text, 'plant');
    const plant = plants.get(id) ?? { name: text, customers: new Set<string>() };
    plants.set(id, plant);
    return Object.assign(plant, { id });
  };

  rows('capacities', (row) => {
    const perDay = read.amount(row, 'perDay');
    plantIn(row).perDay = perDay;
  });
  rows('costs', (row) => {
    const cost = read.amount(row, 'costPerUnit');
    plantIn(row).cost = cost;
  });
  rows('customers', (row) => {
    const customer = read.code(row, 'customer');
    plantIn(row).customers.add(customer);
  });
  const ports = rows('ports', (row) => ({ port: read.text(row, 'port'), plant: plantIn(row).id }));

  const products = new Map<string, Map<string, Record<string, unknown>>>();
  rows('capabilities', (row) => {
    const product = read.code(row, 'product');
    const optional = (column: string) => (row.of(column) === undefined ? undefined : read.amount(row, column));
    const [own, minutes, setup, minBatch] = ['costPerUnit', 'minutesPerUnit', 'setupMinutes', 'minBatch'].map(optional);
    const plant = plantIn(row);
    const facilities = products.get(product) ?? new Map<string, Record<string, unknown>>();
    products.set(product, facilities);
    if (facilities.has(plant.id)) throw new Unreadable('row-repeated', `${plant.name} makes ${product} already, in another row.`);
    if (!plant.perDay) throw new Unreadable('capacity-missing', `${plant.name} has no capacity per day: it is not planned for ${product}.`);
    facilities.set(plant.id, {
      facilityId: plant.id,
      capacityId: `${plant.id}.day`,
      minutesPerUnit: mapping.perDay === 'orders' ? NO_TIME : (minutes ?? '1'),
      setupMinutes: mapping.perDay === 'orders' ? 1 : Math.ceil(Number(setup ?? '0')),
      costPerUnit: own ?? plant.cost ?? '0',
      ...(minBatch ? { minBatch } : {}),
      ...(plant.customers.size > 0
        ? {
            onlyFor: [...plant.customers]
              .sort()
              .slice(0, 200)
              .map((customer) => ({ customer })),
          }
        : {}),
    });
  });

  const orders = ordersIn(mapping, rows, read, places);
  const weighed: Weighed[] = orders.map(({ value }) => ({ to: value.to, quantity: value.quantity, weight: value.weight }));
  const lanes = tables.freight ? laneCosts(rows, read, ports, places, weighed, exceptions) : [];
  const first = orders.map(({ value }) => value.date).sort()[0];
  const moved = mapping.dates.first && first ? Date.parse(mapping.dates.first) - Date.parse(first) : 0;
  const { id: enterprise, name: enterpriseName, timeZone } = mapping.enterprise;
  const facility = (facilityId: string, name: string): Asked => ({
    path: 'facility/register-facility',
    role: 'engineer',
    data: { facilityId, name: name.slice(0, 80), enterpriseId: enterprise, enterpriseName, timeZone },
  });
  const destinations = [...new Set(orders.flatMap(({ value }) => (value.to ? [value.to] : [])))].sort();
  return {
    facilities: [
      facility(enterprise, enterpriseName),
      ...[...plants].sort(byKey).map(([id, { name }]) => facility(id, name)),
      ...destinations.filter((id) => !plants.has(id)).map((id) => facility(id, places.nameOf(id))),
    ],
    capacities: [...plants].sort(byKey).flatMap(([id, { perDay }]) => (perDay ? [capacityOf(id, perDay, mapping.perDay)] : [])),
    workMasters: [...products]
      .sort(byKey)
      .flatMap(([product, each]) => (each.size > 0 ? [masterOf(mapping, product, [...each.values()])] : [])),
    lanes: lanes.map(({ from, to, transitHours, costPerUnit }) => ({
      path: 'transport-lane/define-lane',
      role: 'engineer',
      data: { laneId: `${from}.${to}`, transitHours, costPerUnit, unit: mapping.unit },
    })),
    orders: orders.map(({ value, line }) => ({
      path: 'customer-order/place-customer-order',
      role: 'planner',
      from: { table: 'orders', line },
      data: {
        customerOrderId: value.id,
        customer: value.customer,
        product: value.product,
        quantity: { amount: value.quantity, unit: mapping.unit },
        due: new Date(Date.parse(value.due) + moved + 86_400_000).toISOString(),
        ...(value.priority ? { priority: value.priority } : {}),
        ...(value.to && tables.freight ? { shipTo: value.to } : {}),
        partial: mapping.partial,
        planning: 'Batch',
      },
    })),
    exceptions: exceptions.sort((a, b) => (a.table === b.table ? a.line - b.line : a.table < b.table ? -1 : 1)),
  };
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

function capacityOf(plant: string, perDay: string, counts: TablesMapping['perDay']): Asked {
  // An order takes two minutes: one of set-up, and a started one for all of its pieces.
  const minutes = Math.floor(Number(perDay)) * (counts === 'orders' ? 2 : 1);
  const minutesPerDay = Math.max(1, Math.ceil(minutes / MOST_UNITS), counts === 'orders' ? 2 : 1);
  const terms = { mode: 'Cumulative', units: Math.max(1, Math.floor(minutes / minutesPerDay)), minutesPerDay };
  return { path: 'facility-capacity/define-capacity', role: 'engineer', data: { capacityId: `${plant}.day`, ...terms } };
}

function masterOf({ enterprise, unit }: TablesMapping, product: string, facilities: readonly object[]) {
  const workMasterId = `${enterprise.id}.${product}`;
  const definition = { product, unit, operations: [{ operationId: '10', name: product, sequence: 10 }], facilities };
  // Other content is another version.
  const version = `t-${createHash('sha256').update(JSON.stringify(definition)).digest('hex').slice(0, 16)}`;
  const draft: Asked = { path: 'work-master/draft-work-master', role: 'engineer', data: { workMasterId, version, ...definition } };
  return {
    workMasterId,
    version,
    draft,
    approval: { path: 'work-master/approve-work-master', role: 'quality', data: { workMasterId, version } },
  };
}

type Order = Readonly<{
  id: string;
  product: string;
  customer: string;
  quantity: string;
  date: string;
  due: string;
  weight?: string;
  to?: string;
  priority?: number;
}>;

function ordersIn(
  { enterprise, dates, unit, destination }: TablesMapping,
  rows: Rows,
  read: CellReader,
  places: Places,
): { value: Order; line: number }[] {
  const seen = new Map<string, number>();
  return rows('orders', (row): Order => {
    const code = read.code(row, 'id');
    const before = seen.get(code);
    if (before !== undefined) throw new Unreadable('order-repeated', `Order ${code} is in line ${before} already.`);
    const quantity = read.amount(row, 'quantity');
    if (millionths(quantity) === 0n) throw new Unreadable('quantity-not-positive', 'quantity must be above 0.');
    if (unit === 'pcs' && millionths(quantity) % 1_000_000n !== 0n)
      throw new Unreadable('quantity-broken', `quantity must be whole pieces, was ${quantity}.`);
    const date = row.of('date') === undefined ? read.day(row, 'due') : read.day(row, 'date');
    const due = row.of('due') === undefined ? dayAfter(date, dates.dueDays) : read.day(row, 'due');
    const priority = row.of('priority') === undefined ? undefined : Number(read.amount(row, 'priority'));
    const to = row.of('to') === undefined ? destination : read.text(row, 'to');
    const order: Order = {
      id: `${enterprise.id}.${code}`,
      product: read.code(row, 'product'),
      customer: row.of('customer') === undefined ? 'unnamed' : read.code(row, 'customer'),
      quantity,
      date,
      due,
      ...(row.of('weight') === undefined ? {} : { weight: read.amount(row, 'weight') }),
      ...(to === undefined ? {} : { to: places.idOf(to, 'to') }),
      ...(priority === undefined ? {} : { priority }),
    };
    seen.set(code, row.line);
    return order;
  });
}

const dayAfter = (day: string, days: number): string => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
