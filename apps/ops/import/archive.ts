/**
 * A zip archive on disk, as spreadsheets are. Hides: its directory, zip64, compression. Promises: each entry as a stream, flat in memory,
 * with the size and the checksum that the directory says; an entry that grows beyond any spreadsheet's is refused before it is unpacked.
 * Does not: write, decrypt, or open archives of several volumes.
 */
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';

type Entry = Readonly<{ method: number; encrypted: boolean; crc: number; size: number; unpacked: number; offset: number }>;

const DIRECTORY_END = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const ZIP64_LOCATOR = 0x07064b50;
const ENTRY = 0x04034b50;
const FULL = 0xffff_ffff;
/** The sheets of spreadsheet programs shrink to a twentieth; small parts may be as repetitive as they like. */
const MOST_SHRUNK = 200;
const SMALL = 64 * 1024 * 1024;

export class DamagedArchive extends Error {}

export class Archive {
  private constructor(
    private readonly path: string,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** @throws DamagedArchive */
  static async open(path: string): Promise<Archive> {
    const file = await open(path, 'r');
    try {
      return new Archive(path, await entriesOf(file));
    } catch (error) {
      if ((error as Error).name === 'RangeError') throw new DamagedArchive('its directory is cut off');
      throw error;
    } finally {
      await file.close();
    }
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** @throws DamagedArchive */
  async *read(name: string): AsyncGenerator<Buffer> {
    const entry = this.entries.get(name);
    if (!entry) throw new DamagedArchive(`it lacks ${name}`);
    if (entry.encrypted) throw new DamagedArchive(`${name} is encrypted`);
    if (entry.method !== 0 && entry.method !== 8) throw new DamagedArchive(`${name} has an unsupported compression method`);
    if (entry.unpacked > SMALL && entry.unpacked > MOST_SHRUNK * entry.size)
      throw new DamagedArchive(
        `${name} unpacks to ${Math.round(entry.unpacked / (entry.size || 1))} times its size, as no spreadsheet does`,
      );
    const file = await open(this.path, 'r');
    const header = await bytesAt(file, entry.offset, 30).finally(() => file.close());
    if (header.length < 30 || header.readUInt32LE(0) !== ENTRY) throw new DamagedArchive(`${name} is not where its directory says`);
    const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    let [length, crc] = [0, 0];
    for await (const chunk of entry.size === 0 ? [] : this.bytes(entry, start)) {
      length += chunk.length;
      crc = crc32(chunk, crc);
      if (length > entry.unpacked) throw new DamagedArchive(`${name} is larger than its directory says`);
      yield chunk;
    }
    if (length !== entry.unpacked || crc !== entry.crc) throw new DamagedArchive(`${name} is cut off or changed`);
  }

  private bytes({ method, size }: Entry, start: number): AsyncIterable<Buffer> {
    const packed = createReadStream(this.path, { start, end: start + size - 1, highWaterMark: 65_536 });
    return (method === 0 ? packed : pipeline(packed, createInflateRaw(), () => undefined)) as AsyncIterable<Buffer>;
  }
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function entriesOf(file: FileHandle): Promise<Map<string, Entry>> {
  const { size } = await file.stat();
  const tail = await bytesAt(file, Math.max(0, size - 65_600), Math.min(size, 65_600));
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== DIRECTORY_END) at -= 1;
  if (at < 0) throw new DamagedArchive('it ends too early');
  let [count, length, offset] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (at >= 20 && tail.readUInt32LE(at - 20) === ZIP64_LOCATOR) {
    const end = await bytesAt(file, Number(tail.readBigUInt64LE(at - 12)), 56);
    [count, length, offset] = [32, 40, 48].map((place) => Number(end.readBigUInt64LE(place))) as [number, number, number];
  }
  if (length > 16 * 1024 * 1024) throw new DamagedArchive('its directory is larger than that of any spreadsheet');
  const directory = await bytesAt(file, offset, length);
  const entries = new Map<string, Entry>();
  for (let place = 0, n = 0; n < count; n += 1) {
    if (directory.readUInt32LE(place) !== DIRECTORY_ENTRY) throw new DamagedArchive('its directory is damaged');
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => directory.readUInt16LE(place + field)) as [
      number,
      number,
      number,
    ];
    const name = directory.toString('utf8', place + 46, place + 46 + nameLength);
    const extra = directory.subarray(place + 46 + nameLength, place + 46 + nameLength + extraLength);
    const found = placeOf(
      directory.readUInt32LE(place + 20),
      directory.readUInt32LE(place + 24),
      directory.readUInt32LE(place + 42),
      extra,
    );
    if (found.offset + 30 + found.size > size) throw new DamagedArchive('its directory names bytes beyond its end');
    entries.set(name.replace(/\\/g, '/').replace(/^\//, ''), {
      method: directory.readUInt16LE(place + 10),
      encrypted: (directory.readUInt16LE(place + 8) & 1) === 1,
      crc: directory.readUInt32LE(place + 16),
      ...found,
    });
    place += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

/** Sizes that do not fit into 32 bits are in an extra field, in this order: unpacked, packed, offset. */
function placeOf(
  packed: number,
  unpacked: number,
  offset: number,
  extra: Buffer,
): Readonly<{ size: number; unpacked: number; offset: number }> {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let next = at + 4;
    const large = (value: number) => (value === FULL ? Number(extra.readBigUInt64LE((next += 8) - 8)) : value);
    return { unpacked: large(unpacked), size: large(packed), offset: large(offset) };
  }
  return { size: packed, unpacked, offset };
}
