import type { Event, Recorded } from '#kernel/event';
import type { View } from '#kernel/view';

/** One event is given to many views: a fold that changes it fails here, not elsewhere. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** `folded(lotStock, ['material-lot-haifa.L1', events])`: the rows that a view makes of some streams, by key: the first field of the row class. For specs. */
export function folded<Row extends object, E extends Event>(
  view: View<Row, E>,
  ...streams: readonly (readonly [stream: string, events: readonly Event[]])[]
): Record<string, Row> {
  const rows = new Map<string, Row>();
  const [keyColumn] = Object.keys(new view.row()) as (keyof Row)[];
  let position = 0n;
  for (const [stream, events] of streams)
    events.forEach((event, index) => {
      position += 100n;
      const time = new Date(Date.UTC(2026, 0, 5, 8, index)).toISOString();
      const recorded = {
        ...frozen(structuredClone(event)),
        id: `${stream}@${index}`,
        stream,
        revision: BigInt(index),
        position,
        recordedAt: time,
        metadata: { actor: 'ann', role: 'operator', facility: 'haifa', occurredAt: time, commandId: `${index}`, command: 'Any' },
      } as unknown as Recorded<E>;
      if (view.events !== '*' && !(view.events as readonly string[]).includes(event.type)) return;
      const keys = new Set(view.keys(recorded));
      const named = (key: string) => {
        if (!keys.has(key)) throw new Error(`${view.name} touches ${key}, which its keys did not name for ${event.type}`);
        return key;
      };
      view.fold(
        {
          get: (key) => structuredClone(rows.get(named(key))),
          put: (row) => void rows.set(named(row[keyColumn!] as string), row),
          remove: (key) => void rows.delete(named(key)),
        },
        recorded,
      );
    });
  return Object.fromEntries(rows);
}
