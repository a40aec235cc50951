// Hides: the HTTP format of events: a page of a stream or of $all, or one event, as plain JSON for monitors and curl.
// Promises: the same events as a gRPC read, newest first by default; a page has at most 100 events, fewer if they are large.
// Does not: check access rights, resolve links, or serve AtomPub feeds.

import { status } from '@grpc/grpc-js';
import { Fault, streamDeleted } from '../wire/faults';
import type { Frame } from '../log/frame';
import { JsonText } from '../bytes/json-text';
import type { EventLog } from '../log/log';

const defaultCount = 20;
const largestCount = 100;

/** One event, with every position as text. */
type Shown = Readonly<{
  streamId: string;
  eventNumber: string;
  eventId: string;
  eventType: string;
  position: string;
  created: string;
  isJson: boolean;
  /** Base64 if `isJson` is false; text if it should be JSON and is not. */
  data: JsonText | string;
  metadata?: JsonText | string;
}>;

/** Events of one page and where the next one begins; `next` is absent on the last page. */
type ShownPage = Readonly<{ streamId: string; direction: 'forwards' | 'backwards'; events: readonly Shown[]; next?: string }>;

const invalid = (name: string, value: string): Fault => new Fault(status.INVALID_ARGUMENT, `${name}=${value.slice(0, 40)} is not valid.`);

const jsonOr = (bytes: Buffer, otherwise: BufferEncoding): JsonText | string => {
  const text = bytes.toString('utf8');
  try {
    JSON.parse(text);
    return new JsonText(text);
  } catch {
    return bytes.toString(otherwise);
  }
};

const shown = (frame: Frame): Shown => ({
  streamId: frame.stream,
  eventNumber: String(frame.ordinal),
  eventId: frame.id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  eventType: frame.type,
  position: String(frame.position),
  created: new Date(frame.createdMs).toISOString(),
  isJson: frame.json,
  data: frame.json ? jsonOr(frame.data, 'utf8') : frame.data.toString('base64'),
  ...(frame.metadata.length > 0 && { metadata: jsonOr(frame.metadata, 'base64') }),
});

/** A revision or position; values beyond the largest possible one mean the end. */
const placeOf = (value: string | null): number | undefined => {
  if (value === null || value === 'end') return undefined;
  if (!/^\d{1,20}$/.test(value)) throw invalid('from', value);
  const place = BigInt(value);
  return place > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(place);
};

const countOf = (value: string | null): number => {
  if (value === null) return defaultCount;
  if (!/^[1-9]\d{0,5}$/.test(value)) throw invalid('count', value);
  return Math.min(Number(value), largestCount);
};

/** A page of `?direction=backwards|forwards&from=REVISION|POSITION&count=N`; undefined if the stream does not exist. */
export const showPage = (log: EventLog, stream: string, query: URLSearchParams): ShownPage | undefined => {
  const direction = query.get('direction') ?? 'backwards';
  if (direction !== 'backwards' && direction !== 'forwards') throw invalid('direction', direction);
  const backwards = direction === 'backwards';
  const from = placeOf(query.get('from'));
  const count = countOf(query.get('count'));
  const { exists, tombstoned } = log.state(stream);
  if (tombstoned) throw streamDeleted(stream);
  const all = stream === '$all';
  if (!all && !exists) return undefined;
  const start = from ?? (backwards ? Number.MAX_SAFE_INTEGER : 0);
  const page = all ? log.readAll(start, backwards, count) : log.readStream(stream, start, backwards, count);
  return { streamId: stream, direction, events: page.frames.map(shown), ...(page.next !== undefined && { next: String(page.next) }) };
};

/** One event; undefined if the stream does not (or no longer) have the revision. */
export const showEvent = (log: EventLog, stream: string, revision: string): Shown | undefined => {
  const ordinal = placeOf(revision) ?? log.state(stream).last;
  if (log.state(stream).tombstoned) throw streamDeleted(stream);
  const frame = log.event(stream, ordinal);
  return frame && shown(frame);
};
