/**
 * Protobuf's numbers of variable length. Hides: their bits. Promises: exact values, also beyond 2^53 where a bigint is asked for. Does not:
 * know any message.
 */

export function varintLength(value: number): number {
  let length = 1;
  for (; value >= 0x80; value = Math.floor(value / 128)) length++;
  return length;
}

/** Returns the place after it. */
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
