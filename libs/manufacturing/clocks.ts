/** Clocks of the floor: how far they may differ, and what follows where they do. */
import type { Context } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';

/** How far clocks of the floor may differ from one another and from the server's. */
export const SKEW_MS = 5 * 60_000;

/** What a command follows: when it began, and what it was. */
export type Since = Readonly<{ at: string; what: string }>;

/**
 * The command's time, or that of what it follows where clocks differ a little, the command has no time, or a process tells late what happened: it
 * cannot ask anybody.
 * @throws Rejected earlier-than-known-state
 */
export function notBefore({ at, what }: Since, { occurredAt, now, role }: Pick<Context, 'occurredAt' | 'now' | 'role'>): string {
  const early = Date.parse(at) - Date.parse(occurredAt);
  if (!(early > 0)) return occurredAt;
  if (early <= SKEW_MS || occurredAt === now || role === 'process') return at;
  throw new Rejected(
    'earlier-than-known-state',
    `\`occurredAt\` must not be before ${at}, when ${what}, was ${occurredAt}. Send the time at which it happened.`,
    { occurredAt, since: at },
  );
}
