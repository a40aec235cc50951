/**
 * Logs and metrics of the connection to the event store. Hides: metrics and their names. Promises: one log line for each loss and one for
 * each reconnection, with node, reason and duration. Does not: influence the connection.
 */
import type { Detail } from '#platform/runtime/health';
import type { Logger } from '#platform/runtime/logging';
import { counter, gauge } from '#platform/runtime/metrics';
import type { Connection } from './connection';

const watched = new Set<Connection>();
gauge('event_store_up', 'Whether the event store is connected: 1 or 0.', [], function () {
  if (watched.size > 0) this.set([...watched].every(({ state }) => state.up) ? 1 : 0);
});
const reconnects = counter('event_store_reconnects_total', 'Connections to the event store that were made after one was lost.');
const secondsLost = counter(
  'event_store_seconds_without_total',
  'Seconds without a connection to the event store; counted when it is found.',
);

/** Reports losses and reconnections until the app ends. */
export function reportStore(connection: Connection, log?: Pick<Logger, 'info' | 'warn'>): void {
  watched.add(connection);
  let losses = 0;
  connection.watch({
    lost: ({ node, reason }) => {
      losses += 1;
      const what = node === undefined ? 'not connected to the event store yet' : 'lost the connection to the event store';
      log?.warn({ node, reason }, `${what}; searching for a leader`);
    },
    found: ({ node }, lostMs) => {
      if (losses === 0) return void log?.info({ node }, 'connected to the event store');
      reconnects.inc();
      secondsLost.inc(lostMs / 1_000);
      log?.info({ node, lostMs: Math.round(lostMs) }, 'reconnected to the event store');
    },
  });
}

/** For `/health/ready`: since when the store has been disconnected, and why. Public, so without addresses. */
export function storeDetail({ state }: Connection): Detail | undefined {
  if (state.up) return undefined;
  return { since: state.since.toISOString(), reason: state.reason!.replace(/[\w.-]+:\d{1,5}\b/g, 'a node') };
}
