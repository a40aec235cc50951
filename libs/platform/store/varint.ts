/**
 * Protobuf varints. Hides: their bits. Promises: exact values, also beyond 2^53 when a bigint is asked for. Does not:
 * know any message.
 */

export function varintLength(value: number): number {
  let length = 1;
  for (; value >= 0x80; value = Math.floor(value / 128)) length++;
  return length;
}

/** Returns the offset after it. */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes[at++] = (value % 128) | 0x80;
  bytes[at++] = value;
  return at;
}

export function writeVarint64(bytes: Buffer, at: number, value: bigint): number {
  for (; value >= 0x80n; value >>= 7n) bytes[at++] = Number(value & 0x7fn) | 0x80;
  bytes[at++] = Number(value);
  return at;
}

/** A number below 2^53. Its end is a separate call: two small calls that the engine inlines are faster than one that returns both. */
export function varint(bytes: Buffer, at: number): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}

/** The offset after a number. */
export function varintEnd(bytes: Buffer, at: number): number {
  while (bytes[at++]! >= 0x80);
  return at;
}

export function varint64(bytes: Buffer, at: number): bigint {
  let low = 0;
  let scale = 1;
  for (let i = 0; i < 7; i++, scale *= 128) {
    const byte = bytes[at++]!;
    low += (byte & 0x7f) * scale;
    if (byte < 0x80) return BigInt(low);
  }
  let value = BigInt(low);
  for (let shift = 49n; ; shift += 7n) {
    const byte = bytes[at++]!;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

/** The offset after a field whose tag was read. */
export function skip(bytes: Buffer, tag: number, at: number): number {
  const wire = tag & 7;
  if (wire === 0) return varintEnd(bytes, at);
  if (wire === 2) return varint(bytes, at) + varintEnd(bytes, at);
  if (wire === 5) return at + 4;
  if (wire === 1) return at + 8;
  throw new RangeError(`wire type ${wire} is not expected here`);
}
