/** Who may do what with a stream; absent means the node's default. A single role may be given without a list. */
export type StreamAcl = Readonly<{ $r?: string[]; $w?: string[]; $d?: string[]; $mr?: string[]; $mw?: string[] }>;

/** The content of the newest `$metadata` event of `$$stream`. */
export type StreamMetadata = Readonly<{
  /** Events older than this many seconds are not shown. */
  maxAge?: number;
  /** Number of newest events that are shown. */
  maxCount?: number;
  /** Events before this revision are not shown; Infinity marks a soft-deleted stream. */
  truncateBefore?: number;
  cacheControl?: number;
  acl?: StreamAcl;
  /** The JSON object as written. */
  raw: Readonly<Record<string, unknown>>;
}>;

/** The state of a stream for readers. */
export type StreamState = Readonly<{
  exists: boolean;
  /** Hard-deleted, permanently. */
  tombstoned: boolean;
  softDeleted: boolean;
  /** Last revision; -1 if nothing was written. */
  last: number;
  /** First revision that retention still shows (age not considered). */
  first: number;
  metadata: StreamMetadata;
}>;

export const NO_METADATA: StreamMetadata = { raw: {} };
/** `$tb` of a soft-deleted stream; written as text, since a double cannot hold it. */
export const SOFT_DELETED = '9223372036854775807';

const whole = (value: unknown, least: number) => (Number.isInteger(value) && (value as number) >= least ? (value as number) : undefined);
const roles = (value: unknown) =>
  typeof value === 'string' ? [value] : Array.isArray(value) ? value.filter((role): role is string => typeof role === 'string') : undefined;

/** Reads metadata JSON; anything but a JSON object counts as no metadata. */
export function parseMetadata(data: Buffer): StreamMetadata {
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(data.toString('utf8')) as Record<string, unknown>;
  } catch {
    return NO_METADATA;
  }
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) return NO_METADATA;
  const before = whole(raw['$tb'], 0);
  const acl = raw['$acl'] as Record<string, unknown> | undefined;
  return {
    maxAge: whole(raw['$maxAge'], 1),
    maxCount: whole(raw['$maxCount'], 1),
    truncateBefore: before !== undefined && before >= 2 ** 63 - 1024 ? Infinity : before,
    cacheControl: whole(raw['$cacheControl'], 1),
    acl:
      acl && typeof acl === 'object'
        ? { $r: roles(acl['$r']), $w: roles(acl['$w']), $d: roles(acl['$d']), $mr: roles(acl['$mr']), $mw: roles(acl['$mw']) }
        : undefined,
    raw,
  };
}

/** The same metadata with `$tb` set to `revision`: written when a soft-deleted stream is recreated. */
export function withTruncateBefore(metadata: StreamMetadata, revision: number): Buffer {
  return Buffer.from(JSON.stringify({ ...metadata.raw, $tb: revision }));
}

export const metastreamOf = (stream: string) => `$$${stream}`;
export const isMetastream = (stream: string) => stream.startsWith('$$');
export const originalOf = (metastream: string) => metastream.slice(2);
