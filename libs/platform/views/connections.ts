/**
 * The view engine's connections to PostgreSQL. Hides: session settings. Promises: bounded pools; a broken connection fails its query, never the
 * app; the transaction of a stopped worker ends within ten seconds. Does not: retry.
 */
import { Pool } from 'pg';
import { EXACT_TYPES, survivingLosses } from '#platform/runtime/database';
import { sessionName } from './leases';

export type Connections = Readonly<{
  /** For leases, tables and the engine's own bookkeeping. */
  control: Pool;
  /** For writing tables that readers see. */
  live: Pool;
  /** For writing tables that are still being built. */
  build: Pool;
  /** For looking up rows while all other connections may be writing. */
  rows: Pool;
}>;

export function openConnections(databaseUrl: string, worker: string, live = 4): Connections {
  return {
    control: openEnginePool(databaseUrl, worker, 3),
    live: openEnginePool(databaseUrl, worker, live),
    build: openEnginePool(databaseUrl, worker, 2),
    rows: openEnginePool(databaseUrl, worker, 2),
  };
}

export const closeConnections = async (connections: Connections): Promise<void> =>
  void (await Promise.all(Object.values(connections).map((pool) => pool.end())));

function openEnginePool(databaseUrl: string, worker: string, max: number): Pool {
  const config = {
    connectionString: databaseUrl,
    max,
    types: EXACT_TYPES,
    application_name: sessionName(worker),
    connectionTimeoutMillis: 10_000,
    query_timeout: 60_000,
    keepAlive: true,
    // A lost commit is repeated from the log, so commits need no fsync.
    options: '-c synchronous_commit=off -c idle_in_transaction_session_timeout=10000 -c TimeZone=UTC -c DateStyle=ISO',
  };
  return survivingLosses(new Pool(config), 'views');
}
