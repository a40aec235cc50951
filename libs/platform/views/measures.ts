/** The view engine's metrics. Hides: names and buckets. Promises: labels are bounded by the number of views. */
import { counter, gauge, histogram } from '#platform/runtime/metrics';

const labelNames = ['view', 'table'] as const;

export const measures = {
  events: counter('view_events_total', 'Events folded into a view.', labelNames),
  rows: counter('view_rows_total', 'Rows written by a view.', labelNames),
  retries: counter('view_retries_total', 'Times that a part restarted from its checkpoint.', labelNames),
  parked: gauge('view_parked_partitions', 'Partitions that wait behind an event that cannot be folded.', labelNames),
  resubscribed: gauge('view_resubscriptions', 'Times that the wake-up subscription was renewed.'),
  lag: gauge('view_lag_seconds', 'Age of the newest event that a view shows while it has more to fold, else 0.', ['view']),
  visible: histogram(
    'view_visible_seconds',
    'From the recording of an event to its rows being visible.',
    ['view'],
    [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
  ),
};
