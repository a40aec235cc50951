/** A hold, with the floor times from which and until which it stood; null while it stands. */
export type HoldSpan = Readonly<{ holdId: string; from: string; until: string | null }>;

/** The holds that stood at that floor time. */
export const holdsAt = (holds: readonly HoldSpan[], at: string): string[] =>
  holds.filter(({ from, until }) => from <= at && (until === null || at < until)).map(({ holdId }) => holdId);

/** The holds that are not released. */
export const standing = (holds: readonly HoldSpan[]): string[] => holds.filter(({ until }) => until === null).map(({ holdId }) => holdId);
