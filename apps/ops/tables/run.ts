/** Imports tables of plants and orders: reads, sends, reports. Sent again, they change nothing. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { tableRows } from '../import/file';
import { each, rowsOf, send } from '../rest';
import type { Whereabouts } from '../system';
import { PlainFault, Progress, say, sayJson, table as inColumns } from '../terminal';
import { type Asked, type Assembled, assemble, type Tables } from './assemble';
import type { Cells, Exception } from './cells';
import { TABLES, type TablesMapping } from './mapping';

type Flags = Whereabouts & { json?: boolean; dryRun?: boolean; direct?: boolean };
type Count = { sent: number; accepted: number; known: number };

const AT_ONCE = 16;
/** So many exceptions are printed. */
const SHOWN = 30;

/** @throws PlainFault, FileFault */
export async function importTables(mapping: TablesMapping, folder: string, flags: Flags): Promise<void> {
  if (flags.direct) throw new PlainFault('Tables of plants and orders are imported through the api; leave --direct out.', 64);
  const { tables, rows } = await tablesIn(mapping, folder);
  const assembled = assemble(mapping, tables);
  const counts: Record<string, Count> = {};
  const exceptions: Exception[] = [...assembled.exceptions];
  if (!flags.dryRun) await sendAll(assembled, flags, counts, exceptions);
  const planned = Object.fromEntries(PARTS.map((part) => [part, assembled[part].length]));
  if (flags.json) sayJson({ rows, planned, ...(flags.dryRun ? {} : { sent: counts }), exceptions });
  else sayResult(rows, planned, flags.dryRun ? undefined : counts, exceptions);
  if (exceptions.length > 0) throw new PlainFault('', 2);
}

/** The rows of all tables of the mapping. @throws PlainFault, FileFault */
export async function tablesIn(mapping: TablesMapping, folder: string): Promise<{ tables: Tables; rows: Record<string, number> }> {
  const tables: { -readonly [name in keyof Tables]: Cells[] } = {};
  const counts: Record<string, number> = {};
  for (const name of TABLES) {
    const found = mapping.tables[name];
    if (!found) continue;
    const path = join(folder, found.file);
    const rows: Cells[] = [];
    let at: Map<string, number> | undefined;
    for await (const { line, cells, numbers } of tableRows(path, mapping)) {
      if (!at) {
        at = new Map(cells.map((cell, n) => [cell.trim(), n]));
        const missing = Object.values(found.columns).filter((column) => !at!.has(column));
        if (missing.length > 0)
          throw new PlainFault(`${path}: has no column ${missing.join(', ')}; it has ${cells.map((cell) => cell.trim()).join(', ')}.`);
        continue;
      }
      const index = new Map(Object.entries(found.columns).map(([meaning, column]) => [meaning, at!.get(column)!]));
      rows.push({
        line,
        of: (meaning) => (index.has(meaning) ? (cells[index.get(meaning)!] ?? '') : undefined),
        isNumber: (meaning) => numbers?.has(index.get(meaning)!) ?? false,
      });
    }
    if (!at) throw new PlainFault(`${path}: the file is empty. It must begin with a line of column names.`);
    tables[name] = rows;
    counts[name] = rows.length;
  }
  return { tables, rows: counts };
}

const PARTS = ['facilities', 'capacities', 'workMasters', 'lanes', 'orders'] as const;

async function sendAll(assembled: Assembled, flags: Flags, counts: Record<string, Count>, exceptions: Exception[]): Promise<void> {
  const progress = new Progress();
  const facilities = new Set((await rowsOf<{ facilityId: string }>(flags, ['engineer'], 'facility')).map(({ facilityId }) => facilityId));
  const approved = new Map(
    (await rowsOf<{ workMasterId: string; version: string }>(flags, ['engineer'], 'work-master', { status: 'Approved' })).map((row) => [
      row.workMasterId,
      row.version,
    ]),
  );
  const one = async (part: string, { path, role, data, from }: Asked): Promise<boolean> => {
    const id = `t-${createHash('sha256')
      .update(`${path}\n${JSON.stringify(data)}`)
      .digest('hex')
      .slice(0, 40)}`;
    const answer = await send(flags, [role], path, id, data);
    const count = (counts[part] ??= { sent: 0, accepted: 0, known: 0 });
    count.sent += 1;
    if ('refused' in answer) {
      const { code, message } = answer.refused;
      exceptions.push({ table: from?.table ?? 'capabilities', line: from?.line ?? 0, code, message });
      return false;
    }
    count.accepted += 1;
    return true;
  };
  const all = async (part: (typeof PARTS)[number], asked: readonly Asked[]) => {
    await each(
      asked,
      AT_ONCE,
      (item) => one(part, item),
      (n) => progress.show(part, n, asked.length),
    );
  };
  const skipped = (part: string, known: number) => (counts[part] = { sent: 0, accepted: 0, known });
  const unknown = assembled.facilities.filter(({ data }) => !facilities.has(data.facilityId as string));
  skipped('facilities', assembled.facilities.length - unknown.length);
  await all('facilities', unknown);
  await all('capacities', assembled.capacities);
  const masters = assembled.workMasters.filter(({ workMasterId, version }) => approved.get(workMasterId) !== version);
  skipped('workMasters', assembled.workMasters.length - masters.length);
  const define = async ({ draft, approval }: (typeof masters)[number]) => (await one('workMasters', draft)) && one('workMasters', approval);
  await each(masters, AT_ONCE, define, (n) => progress.show('workMasters', n, masters.length));
  await all('lanes', assembled.lanes);
  await all('orders', assembled.orders);
  progress.end();
  exceptions.sort((a, b) => (a.table === b.table ? a.line - b.line : a.table < b.table ? -1 : 1));
}

function sayResult(
  rows: Readonly<Record<string, number>>,
  planned: Readonly<Record<string, number>>,
  sent: Readonly<Record<string, Count>> | undefined,
  exceptions: readonly Exception[],
): void {
  say(inColumns([['table', 'rows'], ...Object.entries(rows).map(([name, count]) => [name, String(count)])], [1]));
  const head = ['', 'in the tables', ...(sent ? ['commands', 'accepted', 'skipped as known'] : [])];
  const body = Object.entries(planned).map(([part, count]) => {
    const { sent: commands, accepted, known } = sent?.[part] ?? { sent: 0, accepted: 0, known: 0 };
    return [part, String(count), ...(sent ? [commands, accepted, known].map(String) : [])];
  });
  say(`\n${inColumns([head, ...body], [1, 2, 3, 4])}`);
  if (exceptions.length > 0) {
    const codes = new Map<string, number>();
    for (const { code } of exceptions) codes.set(code, (codes.get(code) ?? 0) + 1);
    say(`\n${inColumns([['exceptions', ''], ...[...codes].map(([code, count]) => [code, String(count)])], [1])}\n`);
    for (const { table, line, code, message } of exceptions.slice(0, SHOWN))
      say(`${table}${line ? ` line ${line}` : ''}: ${message} (${code})`);
    if (exceptions.length > SHOWN) say(`… and ${exceptions.length - SHOWN} more (all of them with --json)`);
  }
  say(sent ? '\nOrders wait to be planned: npm run ops -- plan' : '\nNothing was sent.');
}
