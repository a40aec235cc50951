/** The view engine's metrics. Hides: names and buckets. Promises: labels are bounded by the number of views. Does not: compute lag (progress.ts). */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type Measures = ReturnType<typeof measuresOf>;

export function measuresOf(registry: Registry) {
  const registers = [registry];
  const labelNames = ['view', 'table'];
  return {
    events: new Counter({ name: 'view_events_total', help: 'Events folded into a view', labelNames, registers }),
    rows: new Counter({ name: 'view_rows_total', help: 'Rows written by a view', labelNames, registers }),
    retries: new Counter({ name: 'view_retries_total', help: 'Times that a part restarted from its checkpoint', labelNames, registers }),
    parked: new Gauge({
      name: 'view_parked_partitions',
      help: 'Partitions that wait behind an event that cannot be folded',
      labelNames,
      registers,
    }),
    resubscribed: new Gauge({ name: 'view_resubscriptions', help: 'Times that the wake-up subscription was renewed', registers }),
    visible: new Histogram({
      name: 'view_visible_seconds',
      help: 'From the recording of an event to its rows being visible',
      labelNames: ['view'],
      buckets: [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
      registers,
    }),
  };
}
