/**
 * A view's rows from some events, for specs. Hides: timestamps and metadata. Promises: values are converted as in the engine, to the text
 * of their columns and back, so that a value that the table would change or refuse is detected here. Does not: check constraints:
 * PostgreSQL does.
 */
import type { Event, Recorded } from '#kernel/event';
import type { View } from '#kernel/view';
import { Folded } from '#platform/views/fold';
import { decodeRow, shapeOf } from '#platform/views/shape';

/** One event goes to many views: a fold that changes it fails here, not elsewhere. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** `folded(lotStock, ['material-lot-haifa.L1', events])`: the rows that a view folds from some streams, by key. */
export function folded<Row extends object, E extends Event>(
  view: View<Row, E>,
  ...streams: readonly (readonly [stream: string, events: readonly Event[]])[]
): Record<string, Row> {
  const fold = new Folded(view);
  let position = 0n;
  for (const [stream, events] of streams)
    events.forEach((event, index) => {
      position += 100n;
      const time = new Date(Date.UTC(2026, 0, 5, 8, index)).toISOString();
      fold.apply({
        ...frozen(structuredClone(event)),
        id: `${stream}@${index}`,
        stream,
        revision: BigInt(index),
        position,
        recordedAt: time,
        metadata: { actor: 'ann', role: 'operator', facility: 'haifa', occurredAt: time, commandId: `${index}`, command: 'Any' },
      } as unknown as Recorded);
    });
  const shape = shapeOf(view);
  const rows = [...fold.tuples].map(([key, tuple]) => [key, { ...decodeRow(shape, view.row, tuple) }] as const);
  return Object.fromEntries(rows) as Record<string, Row>;
}
