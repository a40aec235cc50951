// Hides: Prometheus' text format and what the node counts. Promises: counters never decrease while the node runs; no label holds a name
// that a client chose. Does not: keep history.

import { statfsSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { PersistentSubscriptions } from '../groups/persistent-subscriptions';
import type { EventLog } from '../log/log';

type Metric = readonly [name: string, type: 'counter' | 'gauge', help: string, value: number];

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const delay = monitorEventLoopDelay({ resolution: 20 });

const text = (metrics: readonly Metric[]): string =>
  metrics.map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`).join('');

type Measured = Readonly<{ log: EventLog; groups: PersistentSubscriptions; connections: number; prefix: string }>;

export function metricsOf({ log, groups, connections, prefix }: Measured): string {
  delay.enable();
  const { writes, events, bytes, refused } = log.counts;
  const running = groups.list().map((group) => group.running.counts());
  const sum = (of: (counts: (typeof running)[number]) => number) => running.reduce((total, counts) => total + of(counts), 0);
  const cpu = process.cpuUsage();
  const disk = statfsSync(log.dataDir);
  const metrics: readonly Metric[] = [
    ['event_store_log_end_bytes', 'gauge', 'Log position behind the last durable event.', log.end],
    ['event_store_streams', 'gauge', 'Streams that were ever written to.', log.streams],
    ['event_store_writes_total', 'counter', 'Writes to the disk; concurrent appends share one.', writes],
    ['event_store_events_written_total', 'counter', 'Events that became durable.', events],
    ['event_store_written_bytes_total', 'counter', 'Bytes that became durable.', bytes],
    ['event_store_refused_writes_total', 'counter', 'Writes that the disk refused.', refused],
    ['event_store_writable', 'gauge', '1 while the disk accepts writes.', log.trouble ? 0 : 1],
    ['event_store_disk_free_bytes', 'gauge', 'Room on the disk of the log.', disk.bavail * disk.bsize],
    ['event_store_connections', 'gauge', 'Open connections.', connections],
    ['event_store_persistent_subscriptions', 'gauge', 'Groups.', running.length],
    ['event_store_consumers', 'gauge', 'Connected consumers of groups.', sum(({ consumers }) => consumers)],
    ['event_store_messages_in_flight', 'gauge', 'Messages that consumers have not answered yet.', sum(({ inFlight }) => inFlight)],
    ['event_store_event_loop_delay_seconds', 'gauge', '99th percentile since the last reading.', delay.percentile(99) / 1e9],
    ['process_cpu_seconds_total', 'counter', 'CPU time of the process.', (cpu.user + cpu.system) / 1e6],
    ['process_resident_memory_bytes', 'gauge', 'Memory of the process.', process.memoryUsage.rss()],
    ['process_start_time_seconds', 'gauge', 'When the process started.', Date.now() / 1000 - process.uptime()],
  ];
  return text(metrics.map(([name, ...rest]) => [prefix + name, ...rest]));
}
