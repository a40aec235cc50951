/**
 * Who was given SQL access, to which scopes, by whom. Hides: nothing. Promises: the log says it, so the scopes of an account can be restored after the
 * database is lost. Does not: hold passwords, or set accounts (analyst-role.ts does).
 */
import type { Event } from '#kernel/event';

/** The stream that records accounts for SQL. */
export const ANALYST_ACCOUNTS = 'analyst-operations-enterprise';

/** An account was created, or its scopes were changed. */
export type AnalystAdded = Event<
  'AnalystAdded',
  Readonly<{
    name: string;
    /** `*` for all. */
    scopes: readonly string[];
    /** May read who did what. */
    auditor: boolean;
    reason: string;
  }>
>;

/** An account was removed. */
export type AnalystRemoved = Event<'AnalystRemoved', Readonly<{ name: string; reason: string }>>;
export type AnalystEvent = AnalystAdded | AnalystRemoved;

/** The accounts after these events, by name. */
export function analystsAfter<E extends AnalystEvent>(events: readonly E[]): ReadonlyMap<string, Extract<E, AnalystAdded>> {
  const accounts = new Map<string, Extract<E, AnalystAdded>>();
  for (const event of events) {
    if (event.type === 'AnalystAdded') accounts.set(event.data.name, event as Extract<E, AnalystAdded>);
    else accounts.delete(event.data.name);
  }
  return accounts;
}
