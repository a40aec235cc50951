// Hides: where log lines for operators go.
// Promises: one line when something begins, ends or changes, never one per call. Does not: format or store them.

export type JournalLevel = 'info' | 'warn' | 'error';
/** Receives log lines for operators; the facts hold no secrets. */
export type Journal = (level: JournalLevel, text: string, facts?: Readonly<Record<string, unknown>>) => void;
