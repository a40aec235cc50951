/** Reads a Parquet file back, for specs: in a thread, since Jest cannot load the reader's modules. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export type ReadBack = Readonly<{ rows: Record<string, unknown>[]; groups: number; types: Record<string, string> }>;

export async function readParquet(file: Buffer): Promise<ReadBack> {
  const worker = new Worker(__filename, { workerData: { file } });
  const [read] = (await once(worker, 'message')) as [ReadBack];
  await worker.terminate();
  return read;
}

async function read(file: Uint8Array): Promise<ReadBack> {
  const { parquetMetadata, parquetReadObjects } = await import('hyparquet');
  const buffer = new Uint8Array(file).buffer;
  const metadata = parquetMetadata(buffer);
  const types = Object.fromEntries(metadata.schema.slice(1).map(({ name, type, converted_type: of }) => [name, of ?? String(type)]));
  // The reader would make decimals floating-point numbers: it gets them as bytes.
  for (const column of metadata.schema) if (column.converted_type === 'DECIMAL') delete column.converted_type;
  const rows = (await parquetReadObjects({ file: buffer, metadata })) as Record<string, unknown>[];
  for (const row of rows)
    for (const [name, type] of Object.entries(types))
      if (type === 'DECIMAL' && row[name] !== null) row[name] = decimal(row[name] as Uint8Array);
  return { rows, groups: metadata.row_groups.length, types };
}

/** Millionths, as a big-endian whole number in two's complement. */
function decimal(bytes: Uint8Array): string {
  const value = BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
  const digits = (value < 0n ? -value : value).toString().padStart(7, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

const given = isMainThread ? undefined : (workerData as { file?: Uint8Array } | null)?.file;
if (given) void read(given).then((answer) => parentPort!.postMessage(answer));
