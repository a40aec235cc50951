/**
 * The thread of parquet.ts: encodes one group of rows after another, and answers each with the bytes that are new. It loads little, since each export
 * starts one.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { SchemaElement } from 'hyparquet';
import type { CellOf } from '#platform/views/cells';

export type Column = Readonly<Pick<CellOf, 'name' | 'kind'>>;
/** One array for each column; none ends the file. */
export type Group = readonly (readonly unknown[])[] | null;

const SCALE = 6;
const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
const json = { type: 'BYTE_ARRAY', converted_type: 'JSON' } as const;
const TYPES: Readonly<Record<CellOf['kind'], Omit<SchemaElement, 'name'>>> = {
  key: text,
  id: text,
  text,
  oneOf: text,
  ids: json,
  texts: json,
  json,
  instant: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  // Sixteen bytes hold every amount with six decimals.
  amount: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, converted_type: 'DECIMAL', precision: 38, scale: SCALE },
  whole: { type: 'INT32' },
  flag: { type: 'BOOLEAN' },
  position: { type: 'INT64' },
};

/** A decimal text as a whole number of millionths; further digits, which no amount of ours has, are cut. */
function unscaled(amount: string): bigint {
  const [whole, part = ''] = amount.split('.');
  return BigInt(whole! + part.padEnd(SCALE, '0').slice(0, SCALE));
}

const CONVERSIONS: Readonly<Partial<Record<CellOf['kind'], (value: never) => unknown>>> = {
  instant: (value: string | Date) => new Date(value),
  amount: (value: string) => unscaled(value),
  position: (value: string) => BigInt(value),
};

async function encode(columns: readonly Column[]): Promise<void> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const writer = new ByteWriter();
  const fields = columns.map(({ name, kind }): SchemaElement => ({ name, ...TYPES[kind], repetition_type: 'OPTIONAL' }));
  const file = new ParquetWriter({ writer, schema: [{ name: 'rows', num_children: columns.length }, ...fields], createdBy: 'plantlog' });
  const taken = (): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(writer.buffer.slice(0, writer.index));
    writer.index = 0;
    return bytes;
  };
  parentPort!.on('message', (group: Group) => {
    if (group) {
      const columnData = columns.map(({ name, kind }, index) => {
        const convert = CONVERSIONS[kind] as ((value: unknown) => unknown) | undefined;
        const data = group[index]!;
        return { name, data: convert ? data.map((value) => (value === null ? null : convert(value))) : [...data] };
      });
      void file.write({ columnData, rowGroupSize: group[0]!.length });
    } else void file.finish();
    const bytes = taken();
    parentPort!.postMessage(bytes, [bytes.buffer]);
  });
}

void encode(workerData as readonly Column[]);
