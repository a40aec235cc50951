/**
 * How tables of plants and orders become commands: a YAML or JSON file with `tables`, read and checked. Promises: a complete and valid mapping, or
 * every fault of it at once. Does not: read tables.
 */
import { FACILITY_ID } from '#manufacturing/facility';
import { UNITS, type Unit } from '#manufacturing/quantity';
import { formatFault } from '../import/time-formats';
import { contentOf, csvSettingsOf, type Mapping } from '../import/mapping';
import { isNode, MappingFaults, Reader } from '../import/mapping-reader';

/** Columns of each table; those with ? may be left out. */
const COLUMNS = {
  /** Plants that can make a product. */
  capabilities: ['plant', 'product', 'minutesPerUnit?', 'setupMinutes?', 'minBatch?', 'costPerUnit?'],
  /** What each plant can do in a day. */
  capacities: ['plant', 'perDay'],
  /** What a unit costs at a plant. */
  costs: ['plant', 'costPerUnit'],
  /** Customers for which a plant works: such a plant works for no others. */
  customers: ['plant', 'customer'],
  /** Ports from which a plant ships. */
  ports: ['plant', 'port'],
  /** What carriers charge from one place to another, by weight. */
  freight: ['from', 'to', 'weightFrom?', 'weightTo?', 'rate', 'minimum?', 'days?', 'carrier?'],
  orders: ['id', 'product', 'quantity', 'customer?', 'date?', 'due?', 'weight?', 'to?', 'priority?'],
} as const;
export type TableName = keyof typeof COLUMNS;
export const TABLES = Object.keys(COLUMNS) as TableName[];

export type Table = Readonly<{
  /** Within the folder that is imported. */
  file: string;
  /** The column of the file for each meaning. */
  columns: Readonly<Record<string, string>>;
}>;

export type TablesMapping = Readonly<{
  name: string;
  csv: Mapping['csv'];
  decimalMark: '.' | ',';
  thousandsMark?: string;
  unit: Unit;
  /** The facility that owns orders and work masters. */
  enterprise: Readonly<{ id: string; name: string; timeZone: string }>;
  /** What `perDay` counts: orders, units, or minutes. */
  perDay: 'orders' | 'units' | 'minutes';
  dates: Readonly<{
    formats: readonly string[];
    /** Days from the date of an order to its due date, where no column has that. */
    dueDays: number;
    /** The day that the first date of the file becomes; all others move with it. */
    first?: string;
  }>;
  partial: 'Accept' | 'Ask' | 'AllOrNothing';
  /** Where orders go, where no column has that. */
  destination?: string;
  tables: Readonly<Partial<Record<TableName, Table>>>;
}>;

/** Whether a mapping is one of tables. */
export const isOfTables = (text: string): boolean => contentOf(text).tables !== undefined;

/** @throws MappingFaults with every fault */
export function parseTablesMapping(text: string): TablesMapping {
  const content = contentOf(text);
  const faults: string[] = [];
  const known = [
    'name',
    'csv',
    'decimalMark',
    'thousandsMark',
    'unit',
    'enterprise',
    'perDay',
    'dates',
    'partial',
    'destination',
    'tables',
  ];
  const top = new Reader(content, '', faults, known);
  const decimalMark = top.oneOf('decimalMark', ['.', ','] as const, '.');
  const thousandsMark = top.perhaps('thousandsMark');
  if (thousandsMark !== undefined && (!['.', ',', ' ', "'"].includes(thousandsMark) || thousandsMark === decimalMark))
    top.fault('thousandsMark', "must be one of . , ' or a space, and not the decimalMark");
  const owner = top.in('enterprise', ['id', 'name', 'timeZone']);
  const id = owner?.text('id') ?? '';
  if (id && !FACILITY_ID.test(id)) owner?.fault('id', 'must be lower-case letters and digits, e.g. corp');
  const dates = top.has('dates') ? top.in('dates', ['format', 'dueDays', 'first']) : undefined;
  const formats = dates?.has('format') ? dates.texts('format') : ['yyyy-MM-dd'];
  for (const format of formats) {
    const fault = formatFault(format);
    if (fault) dates?.fault('format', fault);
  }
  const first = dates?.perhaps('first');
  if (first !== undefined && !/^\d{4}-\d\d-\d\d$/.test(first)) dates?.fault('first', 'must be a day such as "2026-12-01"');
  const dueDays = isNode(content.dates) ? (content.dates.dueDays ?? 30) : 30;
  if (!Number.isInteger(dueDays) || (dueDays as number) < 0 || (dueDays as number) > 3_650)
    dates?.fault('dueDays', 'must be a whole number of days');
  const mapping: TablesMapping = {
    name: top.text('name'),
    csv: csvSettingsOf(top),
    decimalMark,
    ...(thousandsMark === undefined ? {} : { thousandsMark }),
    unit: top.oneOf('unit', UNITS),
    enterprise: { id, name: owner?.text('name', id) ?? id, timeZone: owner?.text('timeZone', 'UTC') ?? 'UTC' },
    perDay: top.oneOf('perDay', ['orders', 'units', 'minutes'] as const, 'units'),
    dates: { formats, dueDays: dueDays as number, ...(first ? { first } : {}) },
    partial: top.oneOf('partial', ['Accept', 'Ask', 'AllOrNothing'] as const, 'Accept'),
    ...(top.has('destination') ? { destination: top.text('destination') } : {}),
    tables: tablesOf(top),
  };
  if (faults.length > 0) throw new MappingFaults(faults);
  return mapping;
}

function tablesOf(top: Reader): TablesMapping['tables'] {
  const node = top.in('tables', TABLES);
  const tables: Partial<Record<TableName, Table>> = {};
  for (const name of TABLES) {
    if (!node?.has(name)) continue;
    const names = COLUMNS[name].map((column) => column.replace('?', ''));
    const table = node.in(name, ['file', ...names]);
    if (!table) continue;
    const columns: Record<string, string> = {};
    for (const column of COLUMNS[name]) {
      const key = column.replace('?', '');
      if (column.endsWith('?') && !table.has(key)) continue;
      columns[key] = table.text(key);
    }
    tables[name] = { file: table.text('file'), columns };
  }
  if (Object.keys(tables).length === 0) node?.fault('orders', `is missing; name one or more of ${TABLES.join(', ')}`);
  if (tables.freight && !tables.orders?.columns.to && !top.has('destination'))
    node?.fault('orders.to', 'is missing: with freight, name where orders go, there or as `destination` for all');
  return tables;
}
