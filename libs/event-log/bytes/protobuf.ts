/**
 * Hides: protobuf's wire format, coded by hand, because generated classes cost more than the disk does.
 * Promises: reads bounds-checked slices without copying; malformed input throws `MalformedMessage`.
 * Does not: know any message; each service decodes and encodes its own fields.
 */

/** The bytes are not a valid protobuf message. */
class MalformedMessage extends Error {}

/** Reads one message field by field: `for (let tag = r.tag(); tag; tag = r.tag())`. */
export class WireReader {
  constructor(
    readonly buffer: Buffer,
    private at = 0,
    private readonly end = buffer.length,
  ) {}

  /** Field number × 8 + wire type; 0 at the end of the message. */
  tag(): number {
    if (this.at >= this.end) return 0;
    const tag = this.uint();
    if (tag >>> 3 === 0) throw new MalformedMessage('field number 0');
    return tag;
  }

  /** A varint below 2^53. */
  uint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw new MalformedMessage('number beyond 2^53');
        return value;
      }
      factor *= 128;
    }
    throw new MalformedMessage('number beyond 2^53');
  }

  /** A varint of 64 bits, unsigned. */
  uint64(): bigint {
    let low = 0;
    let factor = 1;
    for (let i = 0; i < 7; i++) {
      const byte = this.byte();
      low += (byte & 0x7f) * factor;
      if (byte < 0x80) return BigInt(low);
      factor *= 128;
    }
    let value = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedMessage('varint longer than ten bytes');
  }

  bool(): boolean {
    return this.uint64() !== 0n;
  }

  float(): number {
    const start = this.at;
    this.advance(4);
    return this.buffer.readFloatLE(start);
  }

  bytes(): Buffer {
    const length = this.uint();
    if (length > this.end - this.at) throw new MalformedMessage('field longer than its message');
    const start = this.at;
    this.at += length;
    return this.buffer.subarray(start, this.at);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  message(): WireReader {
    const length = this.uint();
    if (length > this.end - this.at) throw new MalformedMessage('message longer than its parent');
    const start = this.at;
    this.at += length;
    return new WireReader(this.buffer, start, this.at);
  }

  skip(tag: number): void {
    const type = tag & 7;
    if (type === 0) this.uint64();
    else if (type === 1) this.advance(8);
    else if (type === 2) this.advance(this.uint());
    else if (type === 5) this.advance(4);
    else throw new MalformedMessage(`wire type ${type}`);
  }

  private advance(count: number): void {
    if (count > this.end - this.at) throw new MalformedMessage('field longer than its message');
    this.at += count;
  }

  private byte(): number {
    if (this.at >= this.end) throw new MalformedMessage('message ends inside a number');
    return this.buffer[this.at++]!;
  }
}

/** Length of a varint in bytes, for numbers below 2^53. */
export function varintLength(value: number): number {
  let length = 1;
  while (value >= 128) {
    value = Math.floor(value / 128);
    length++;
  }
  return length;
}

/** Writes a varint below 2^53 and returns the offset after it. */
export function writeVarint(target: Buffer, at: number, value: number): number {
  while (value > 0x7fffffff) {
    target[at++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  while (value >= 128) {
    target[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  target[at++] = value;
  return at;
}

/** Collects the fields of one message; for answers that are small and rare, so that they need no hand-written buffer layout. */
export class WireWriter {
  private readonly parts: Buffer[] = [];

  uint(field: number, value: bigint | number): this {
    return this.varint(field * 8).varint(value);
  }

  bytes(field: number, value: Buffer): this {
    this.varint(field * 8 + 2).varint(value.length);
    this.parts.push(value);
    return this;
  }

  float(field: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    this.varint(field * 8 + 5).parts.push(bytes);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  message(field: number, value: WireWriter): this {
    return this.bytes(field, value.finish());
  }

  /** The fields of another writer. */
  raw(fields: WireWriter): this {
    this.parts.push(...fields.parts);
    return this;
  }

  /** An empty message, such as the protocol's markers `start`, `end`, `no_stream`, …. */
  empty(field: number): this {
    return this.bytes(field, Buffer.alloc(0));
  }

  finish(): Buffer {
    return this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts);
  }

  private varint(value: bigint | number): this {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      const bytes = Buffer.allocUnsafe(varintLength(Number(value)));
      writeVarint(bytes, 0, Number(value));
      this.parts.push(bytes);
      return this;
    }
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 128n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.parts.push(Buffer.from(bytes));
    return this;
  }
}
