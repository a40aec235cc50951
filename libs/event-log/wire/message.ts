/**
 * Hides: how a protobuf message that is described by its fields is read and written.
 * Promises: absent fields have proto3's defaults; lengths are checked before anything is copied; unknown fields are skipped.
 * Does not: serve the hot paths, which encode their bytes by hand (services/streams-*.ts).
 */
import { WireReader, WireWriter } from '../bytes/protobuf';

/** One field: its number, its initial value, and its wire format. */
export type Field<T> = Readonly<{
  number: number;
  wire: 0 | 2 | 5;
  initial: () => T;
  read: (reader: WireReader, before: T) => T;
  /** Writes nothing if the value is the default. */
  write: (writer: WireWriter, value: T) => void;
}>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a message has fields of any type
type Fields = Readonly<Record<string, Field<any>>>;
type Values<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A message by its fields. */
export type Message<T> = Readonly<{ decode: (bytes: Buffer) => T; encode: (values?: Draft<T>) => Buffer; read: (reader: WireReader) => T }>;
/** Values to encode: a missing field has its default. */
export type Draft<T> = T extends string | number | bigint | boolean | Uint8Array | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Draft<Item>[]
    : { readonly [K in keyof T]?: Draft<T[K]> };
/** The values of a message. */
export type ValuesOf<M> = M extends Message<infer T> ? T : never;

export function message<F extends Fields>(fields: F): Message<Values<F>> {
  const named = Object.entries(fields);
  const byNumber = new Map(named.map(([name, field]) => [field.number, { name, field }]));
  const read = (reader: WireReader): Values<F> => {
    const values: Record<string, unknown> = {};
    for (const [name, field] of named) values[name] = field.initial();
    for (let tag = reader.tag(); tag; tag = reader.tag()) {
      const known = byNumber.get(tag >>> 3);
      if (known?.field.wire === (tag & 7)) values[known.name] = known.field.read(reader, values[known.name]);
      else reader.skip(tag);
    }
    return values as Values<F>;
  };
  const encode = (values: Draft<Values<F>> = {} as Draft<Values<F>>): Buffer => {
    const writer = new WireWriter();
    const given = values as Readonly<Record<string, unknown>>;
    for (const [name, field] of named) if (given[name] !== undefined) field.write(writer, given[name]);
    return writer.finish();
  };
  return { read, encode, decode: (bytes) => read(new WireReader(bytes)) };
}

export const text = (number: number): Field<string> => ({
  number,
  wire: 2,
  initial: () => '',
  read: (reader) => reader.text(),
  write: (writer, value) => void (value !== '' && writer.text(number, value)),
});

export const bytes = (number: number): Field<Buffer> => ({
  number,
  wire: 2,
  initial: () => Buffer.alloc(0),
  read: (reader) => reader.bytes(),
  write: (writer, value) => void (value.length > 0 && writer.bytes(number, value)),
});

export const bool = (number: number): Field<boolean> => ({
  number,
  wire: 0,
  initial: () => false,
  read: (reader) => reader.bool(),
  write: (writer, value) => void (value && writer.uint(number, 1)),
});

const whole = <T extends number | bigint>(number: number, zero: T, from: (value: bigint) => T): Field<T> => ({
  number,
  wire: 0,
  initial: () => zero,
  read: (reader) => from(reader.uint64()),
  write: (writer, value) => void (value !== zero && writer.uint(number, value)),
});
export const int32 = (number: number): Field<number> => whole(number, 0, (value) => Number(BigInt.asIntN(32, value)));
export const uint32 = (number: number): Field<number> => whole(number, 0, (value) => Number(BigInt.asUintN(32, value)));
export const int64 = (number: number): Field<bigint> => whole(number, 0n, (value) => BigInt.asIntN(64, value));
export const uint64 = (number: number): Field<bigint> => whole(number, 0n, (value) => value);

export const float = (number: number): Field<number> => ({
  number,
  wire: 5,
  initial: () => 0,
  read: (reader) => reader.float(),
  write: (writer, value) => void (value !== 0 && writer.float(number, value)),
});

/** A nested message; undefined if it is absent. */
export const nested = <T>(number: number, type: Message<T>): Field<T | undefined> => ({
  number,
  wire: 2,
  initial: () => undefined,
  read: (reader) => type.read(reader.message()),
  write: (writer, value) => void (value && writer.bytes(number, type.encode(value as Draft<T>))),
});

/** A member of a oneof, or a field whose presence matters: undefined if it is absent, and written even if it is the default. */
export const optional = <T>(field: Field<T>): Field<T | undefined> => ({
  ...field,
  initial: () => undefined,
  read: (reader) => field.read(reader, field.initial()),
  write: (writer, value) => {
    if (value === undefined) return;
    if (value !== field.initial()) field.write(writer, value);
    else if (field.wire === 0) writer.uint(field.number, 0);
    else writer.bytes(field.number, Buffer.alloc(0));
  },
});

export const repeated = <T>(field: Field<T>): Field<readonly NonNullable<T>[]> => ({
  number: field.number,
  wire: field.wire,
  initial: () => [],
  read: (reader, before) => {
    (before as NonNullable<T>[]).push(field.read(reader, field.initial()) as NonNullable<T>);
    return before;
  },
  write: (writer, values) => {
    for (const value of values) optional(field).write(writer, value);
  },
});

/** `map<string, string>`. */
export const texts = (number: number): Field<Readonly<Record<string, string>>> => ({
  number,
  wire: 2,
  initial: () => ({}),
  read: (reader, before) => {
    const { key, value } = entry.read(reader.message());
    return { ...before, [key]: value };
  },
  write: (writer, values) => {
    for (const [key, value] of Object.entries(values)) writer.bytes(number, entry.encode({ key, value }));
  },
});
const entry = message({ key: text(1), value: text(2) });

/** A message without fields: the protocol's markers, and the answers that only say "done". */
export const Empty = message({});
export const mark = (number: number): Field<object | undefined> => nested(number, Empty);
