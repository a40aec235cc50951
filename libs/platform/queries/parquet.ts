/**
 * Rows as a Parquet file. Hides: the encoder, which runs in a thread of its own, so that compressing an export delays no other request. Promises:
 * exact values: moments as UTC timestamps, amounts as decimals, positions as 64-bit numbers, lists and objects as JSON; memory does not grow with the
 * number of rows. Does not: choose columns.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { applyDecorators, StreamableFile } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { CellOf } from '#platform/views/cells';
import type { Column, Group } from './parquet-thread';

export const PARQUET_TYPE = 'application/vnd.apache.parquet';
/** Rows that are encoded together: a row group of the file. */
const GROUP = 5_000;
const THREAD = { maxOldGenerationSizeMb: 256 };

/** Objects in, bytes out. */
export function parquetOf(cells: readonly CellOf[]): Transform {
  const columns = cells.map(({ name, kind }): Column => ({ name, kind }));
  const worker = new Worker(join(__dirname, 'parquet-thread.js'), { workerData: columns, resourceLimits: THREAD });
  worker.unref();
  const empty = () => columns.map((): unknown[] => []);
  let group = empty();
  const encoded = async (rows: Group): Promise<Uint8Array> => {
    worker.postMessage(rows);
    const [bytes] = (await once(worker, 'message')) as [Uint8Array];
    return bytes;
  };
  const written = async (into: Transform, last: boolean) => {
    const rows = group;
    group = empty();
    if (rows[0]!.length > 0) into.push(await encoded(rows));
    if (last) into.push(await encoded(null));
  };
  const stream: Transform = new Transform({
    writableObjectMode: true,
    transform(row: Record<string, unknown>, _encoding, done) {
      columns.forEach(({ name }, index) => group[index]!.push(row[name] ?? null));
      if (group[0]!.length < GROUP) done();
      else written(this, false).then(() => done(), done);
    },
    flush(done) {
      written(this, true).then(() => done(), done);
    },
    destroy(error, done) {
      void worker.terminate();
      done(error);
    },
  });
  worker.on('error', (error) => stream.destroy(error));
  return stream;
}

export const parquetFile = (bytes: Readable, name: string): StreamableFile =>
  new StreamableFile(bytes, { type: PARQUET_TYPE, disposition: `attachment; filename="${name}.parquet"` });

/** A Parquet answer in OpenAPI. */
export const ApiParquet = () =>
  applyDecorators(
    ApiOkResponse({ description: 'A Parquet file.', content: { [PARQUET_TYPE]: { schema: { type: 'string', format: 'binary' } } } }),
  );
