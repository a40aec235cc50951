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
