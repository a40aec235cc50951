// Hides: where the lines go that an operator should read.
// Promises: a line when something begins, ends or changes, never one per call. Does not: format or store them.

export type JournalLevel = 'info' | 'warn' | 'error';
/** Receives what an operator should read; the facts hold no secrets. */
export type Journal = (level: JournalLevel, text: string, facts?: Readonly<Record<string, unknown>>) => void;
