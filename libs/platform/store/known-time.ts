/**
 * When an event became known, for events that were copied from another store. The store that holds the copy says when it received it; the
 * original store's time is in the metadata under a key that no command can write. Hides: that key. Promises: the original bytes of the
 * metadata are restored exactly. Does not: touch an event that was never copied.
 */
import type { Metadata } from '#kernel/event';

export const KNOWN_TIME = '$recordedAt';
/** Replaces metadata that were empty or not a JSON object. */
const NONE = '$none';
const RAW = '$raw';

const HEAD = Buffer.from(`{"${KNOWN_TIME}":"`);
const LENGTH = new Date(0).toISOString().length;
const START = HEAD.length + LENGTH + 1;

/** Whether the metadata between two offsets say when the event became known. */
export function isKnown(bytes: Buffer, from = 0, to = bytes.length): boolean {
  if (to - from <= START || bytes[from + 2] !== HEAD[2]) return false;
  for (let at = 0; at < HEAD.length; at++) if (bytes[from + at] !== HEAD[at]) return false;
  return bytes[from + START - 1] === 0x22;
}

/** The time in metadata that begin at an offset. */
export const knownTimeIn = (bytes: Buffer, from = 0): string => bytes.toString('latin1', from + HEAD.length, from + HEAD.length + LENGTH);

/** Metadata with the time at which the original store recorded the event. An existing time is kept. */
export function withKnownTime(metadata: Buffer, recordedAt: string): Buffer {
  if (isKnown(metadata)) return metadata;
  const head = `{"${KNOWN_TIME}":"${recordedAt}"`;
  if (metadata.length === 0) return Buffer.from(`${head},"${NONE}":true}`);
  if (!isObject(metadata)) return Buffer.from(`${head},"${RAW}":"${metadata.toString('base64')}"}`);
  return Buffer.concat([Buffer.from(head), metadata[1] === 0x7d && metadata.length === 2 ? Buffer.alloc(0) : COMMA, metadata.subarray(1)]);
}
const COMMA = Buffer.from(',');

/** The metadata as the original store had them, and its time if this is a copy. */
export function original(metadata: Buffer): { metadata: Buffer; recordedAt?: string } {
  if (!isKnown(metadata)) return { metadata };
  const recordedAt = knownTimeIn(metadata);
  const rest = metadata.subarray(START);
  if (rest.toString('latin1') === `,"${NONE}":true}`) return { metadata: Buffer.alloc(0), recordedAt };
  const raw = new RegExp(`^,"\\${RAW}":"([A-Za-z0-9+/=]*)"}$`).exec(rest.toString('latin1'));
  if (raw) return { metadata: Buffer.from(raw[1]!, 'base64'), recordedAt };
  const body = rest[0] === 0x2c ? rest.subarray(1) : rest;
  return { metadata: Buffer.concat([Buffer.from('{'), body]), recordedAt };
}

/** The same for metadata that are parsed already. */
export function parsedOriginal(metadata: Metadata): { metadata: Metadata; recordedAt?: string } {
  if (!Object.hasOwn(metadata, KNOWN_TIME)) return { metadata };
  const { [KNOWN_TIME]: recordedAt, [NONE]: none, ...rest } = metadata as Metadata & Record<string, unknown>;
  return { metadata: (none ? {} : rest) as Metadata, recordedAt: String(recordedAt) };
}

/** A key can be put in front only of a JSON object without white space before its first key. */
function isObject(metadata: Buffer): boolean {
  if (metadata[0] !== 0x7b || (metadata[1] !== 0x22 && metadata[1] !== 0x7d)) return false;
  // Metadata that begin with our keys would be mistaken for ones that we wrote.
  if (metadata[2] === 0x24) return false;
  try {
    JSON.parse(metadata.toString('utf8'));
    return Buffer.from(metadata.toString('utf8')).equals(metadata);
  } catch {
    return false;
  }
}
