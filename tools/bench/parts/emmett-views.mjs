/** Emmett's rebuild of the six views: the same events and folds, stored as documents by its projections. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { exampleViews } from '#platform/testing/view-examples';
import { Folder } from '#platform/views/fold';
import { decodeRow, shapeOf } from '#platform/views/shape';
import { install } from './contenders.mjs';

const folder = new URL('./others/', import.meta.url);

/** Events per second of Emmett's rebuild; `batchSize` is how many messages it reads at once. */
export async function emmettRebuild(url, rows, batchSize, say) {
  if (!existsSync(fileURLToPath(new URL('node_modules/@event-driven-io/emmett-postgresql', folder)))) install(say);
  const need = createRequire(new URL('package.json', folder));
  const { getPostgreSQLEventStore, pongoMultiStreamProjection, rebuildPostgreSQLProjections } = need('@event-driven-io/emmett-postgresql');
  const store = getPostgreSQLEventStore(url);
  await store.schema.migrate();
  const streams = new Map();
  for (const row of rows)
    streams.set(row.stream, [...(streams.get(row.stream) ?? []), { type: row.type, data: JSON.parse(row.data), metadata: { id: row.id } }]);
  const waiting = [...streams];
  const write = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) await store.appendToStream(next[0], next[1]);
  };
  await Promise.all([write(), write(), write(), write()]);

  const at = '2026-01-05T08:00:00.000Z';
  const recorded = (event) => ({
    ...event,
    id: event.metadata.id,
    stream: event.metadata.streamName,
    revision: 0n,
    position: 0n,
    recordedAt: at,
  });
  const projections = exampleViews.map((view) => {
    const shape = shapeOf(view);
    const folder = new Folder(view, shape);
    return pongoMultiStreamProjection({
      collectionName: view.name.replaceAll('-', '_'),
      canHandle: [...view.events],
      getDocumentId: (event) => view.keys(recorded(event))[0],
      // The view's own fold; its bigints are strings in a document.
      evolve: (document, event) => {
        const [key] = view.keys(recorded(event));
        const rows = [document?.tuple ?? null];
        folder.fold(recorded(event), [key], rows);
        const [tuple] = rows;
        return {
          ...JSON.parse(
            JSON.stringify(decodeRow(shape, view.row, tuple), (_, value) => (typeof value === 'bigint' ? String(value) : value)),
          ),
          tuple,
        };
      },
    });
  });
  const consumer = rebuildPostgreSQLProjections({ connectionString: url, projections, pulling: { batchSize } });
  const begun = performance.now();
  await consumer.start();
  const seconds = (performance.now() - begun) / 1_000;
  await consumer.close();
  await store.close();
  return rows.length / seconds;
}
