import type { Told } from './report.events';

/**
 * The reports of one order as a linked list, newest first: adding one costs the same however many there are. A report counts unless a later
 * entry replaces it.
 */
export type Entry = Readonly<{
  told: Told;
  /** The report that this one reverses or corrects. */
  replaces?: string;
  /** False for a reversal, and for a report under a used id, which is kept and not counted. */
  counted: boolean;
  before: Ledger;
}>;
export type Ledger = Entry | null;

function* entries(ledger: Ledger): Generator<Entry> {
  for (let entry = ledger; entry; entry = entry.before) yield entry;
}

/** The counted report of that id. */
export function reportOf(ledger: Ledger, reportId: string): Entry | undefined {
  for (const entry of entries(ledger)) if (entry.counted && entry.told.reportId === reportId) return entry;
  return undefined;
}

/** The correction of a report, if there is one. */
export function correctionOf(ledger: Ledger, reportId: string): Entry | undefined {
  for (const entry of entries(ledger)) if (entry.replaces === reportId) return entry;
  return undefined;
}

/** Reports that count and were not corrected, newest first. */
export function* standing(ledger: Ledger): Generator<Told> {
  const replaced = new Set<string>();
  for (const { told, replaces, counted } of entries(ledger)) {
    if (replaces) replaced.add(replaces);
    if (counted && !replaced.has(told.reportId)) yield told;
  }
}

/** The instants of a report, parsed once: every new report is compared with all that count. */
const spans = new WeakMap<Told, readonly [from: number, to: number]>();
function spanOf(told: Told): readonly [from: number, to: number] {
  let span = spans.get(told);
  if (!span) spans.set(told, (span = [Date.parse(told.from), Date.parse(told.to)]));
  return span;
}

/** True when both have the same content: who made what, where and when. Instants are compared as instants, amounts as written. */
export const sameStory = (a: Told, b: Told): boolean =>
  a.kind === b.kind &&
  a.operationId === b.operationId &&
  a.equipmentId === b.equipmentId &&
  a.person === b.person &&
  a.good === b.good &&
  a.rework === b.rework &&
  a.unit === b.unit &&
  spanOf(a)[0] === spanOf(b)[0] &&
  spanOf(a)[1] === spanOf(b)[1] &&
  a.scrap.length === b.scrap.length &&
  a.scrap.every(({ quantity, reasonCode }, index) => quantity === b.scrap[index]!.quantity && reasonCode === b.scrap[index]!.reasonCode);

/** True when a report with that id and content is known, counted or not. */
export function isKept(ledger: Ledger, told: Told): boolean {
  for (const entry of entries(ledger)) if (entry.told.reportId === told.reportId && sameStory(entry.told, told)) return true;
  return false;
}

/** The earliest report with the same content under another id. */
export function repeatedBy(ledger: Ledger, told: Told): string | undefined {
  let earliest: string | undefined;
  for (const other of standing(ledger)) if (other.reportId !== told.reportId && sameStory(other, told)) earliest = other.reportId;
  return earliest;
}

/**
 * The reports that claim the same machine at the same time, oldest first, where they are more than it can take at once. Touching ends do not
 * overlap.
 */
export function overlappedBy(ledger: Ledger, told: Told, most: number): string[] {
  if (most === Infinity) return [];
  const overlaps: { reportId: string; began: number; ended: number }[] = [];
  const [from, to] = spanOf(told);
  for (const other of standing(ledger)) {
    if (other.reportId === told.reportId || other.equipmentId !== told.equipmentId) continue;
    const [began, ended] = spanOf(other);
    if (began < to && from < ended) overlaps.push({ reportId: other.reportId, began: Math.max(began, from), ended });
  }
  // Most of them are at work together when one of them begins.
  const together = overlaps.map(({ began }) => overlaps.filter((other) => other.began <= began && began < other.ended).length);
  return Math.max(0, ...together) < most ? [] : overlaps.map(({ reportId }) => reportId).reverse();
}
