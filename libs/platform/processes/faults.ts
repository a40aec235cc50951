/**
 * What a failure means for an instance. Hides: the errors of store, database and commands. Promises: an unreachable store or database is never
 * the instance's fault; a fault in pure code is permanent at once. Does not: wait, retry (how often: retries.ts) or park.
 */
import { Conflict, StoreRefused, StoreUnavailable } from '#platform/store/event-store';
import { Problem } from '#platform/problem/problem';

/** Pure code of a definition failed: it will fail again. */
export class Poison extends Error {
  constructor(
    what: string,
    readonly fault: unknown,
  ) {
    super(`${what}: ${textOf(fault)}`);
    this.name = 'Poison';
  }
}

/** The engine is stopping, or another worker owns the process. */
export class Stopped extends Error {
  constructor() {
    super('the process is not followed here any more');
    this.name = 'Stopped';
  }
}

/** `away`: store or database do not answer; `busy`: they answer, but this call has to wait. */
export type FaultKind = 'conflict' | 'away' | 'busy' | 'poison' | 'fault' | 'stopped';

/** Statuses of a target that may serve the same command later. */
const PASSING = new Set([408, 425, 429, 503, 507]);

export function kindOf(error: unknown): FaultKind {
  if (error instanceof Conflict) return 'conflict';
  if (error instanceof Stopped) return 'stopped';
  if (error instanceof Poison) return 'poison';
  if (error instanceof StoreUnavailable || isDenied(error) || isDatabaseAway(error)) return 'away';
  if (error instanceof Problem && PASSING.has(error.status)) return 'busy';
  return 'fault';
}

/** The same for all streams. */
const isDenied = (error: unknown): boolean => error instanceof StoreRefused && error.reason === 'access-denied';

/**
 * SQLSTATE classes 08 (connection), 40 (rolled back because of another), 53 (resources), 57 (shutdown), 25006 (read only), dropped objects that
 * are created again (3D000 a database, 3F000 a schema, 42P01 a table), and pg's own errors, which have no code.
 */
const AWAY = /^(08|40|53|57)|^(25006|3D000|3F000|42P01)$|^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_)/;
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return AWAY.test(code);
  return /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|client was closed|pool after calling end/i.test(
    error.message,
  );
}

/** For people, with a maximum length. */
export const textOf = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 1_000);
