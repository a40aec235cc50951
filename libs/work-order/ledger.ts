import type { Entry, Ledger } from './ledger-entry';
import { LedgerIndex, spanOf, storyOf } from './ledger-index';
import type { Told } from './report.events';

function* entries(ledger: Ledger): Generator<Entry> {
  for (let entry = ledger; entry; entry = entry.before) yield entry;
}

/** The counted report of that id. */
export const reportOf = (ledger: Ledger, reportId: string): Entry | undefined =>
  ledger ? LedgerIndex.of(ledger).reportOf(reportId) : undefined;

/** The correction of a report, if there is one. */
export const correctionOf = (ledger: Ledger, reportId: string): Entry | undefined =>
  ledger ? LedgerIndex.of(ledger).correctionOf(reportId) : undefined;

/** Reports that count and were not corrected, newest first. */
export function* standing(ledger: Ledger): Generator<Told> {
  const replaced = new Set<string>();
  for (const { told, replaces, counted } of entries(ledger)) {
    if (replaces) replaced.add(replaces);
    if (counted && !replaced.has(told.reportId)) yield told;
  }
}

/** True when both have the same content: who made what, where and when. Instants are compared as instants, amounts as written. */
export const sameStory = (a: Told, b: Told): boolean => storyOf(a) === storyOf(b);

/** True when a report with that id and content is known, counted or not. */
export const isKept = (ledger: Ledger, told: Told): boolean => ledger !== null && LedgerIndex.of(ledger).isKept(told);

/** The earliest report with the same content under another id. */
export const repeatedBy = (ledger: Ledger, told: Told): string | undefined =>
  ledger ? LedgerIndex.of(ledger).repeatedBy(told) : undefined;

/** So many overlapping reports are looked at, beside as many as the machine can take. */
const LOOKED_AT = 100;

/**
 * The reports that claim the same machine at the same time, oldest first, where they are more than it can take at once. Touching ends do not
 * overlap.
 */
export function overlappedBy(ledger: Ledger, told: Told, most: number): string[] {
  if (most === Infinity || !ledger) return [];
  const span = spanOf(told);
  const overlaps = LedgerIndex.of(ledger).overlapping(told.equipmentId, span, told.reportId, LOOKED_AT + most);
  return mostTogether(overlaps.map(spanOf), span[0]) < most ? [] : overlaps.map(({ reportId }) => reportId);
}

/** Most of them are at work together when one of them begins, or at the beginning of the time that is looked at. */
function mostTogether(spans: readonly (readonly [from: number, to: number])[], beginning: number): number {
  const lasting = spans.map(([from, to]) => [Math.max(from, beginning), to] as const).filter(([from, to]) => from < to);
  const turns = lasting.flatMap(([from, to]) => [
    { at: from, more: 1 },
    { at: to, more: -1 },
  ]);
  turns.sort((a, b) => a.at - b.at || a.more - b.more);
  let [now, most] = [0, 0];
  for (const { more } of turns) most = Math.max(most, (now += more));
  return most;
}
