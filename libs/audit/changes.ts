/** One changed value: its JSONPath (RFC 9535), the old and the new value, absent where there is none. */
export type Change = Readonly<{ path: string; old?: unknown; new?: unknown }>;

/**
 * A state as plain JSON: maps as objects, sets as lists, bigint as text, no keys without a value; records that are linked by `before`
 * as a list, oldest first, so that one more record is one change.
 */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (isChain(value)) return chained(value);
  if (value instanceof Map) return plain(Object.fromEntries(value as Map<string, unknown>));
  if (value instanceof Set || Array.isArray(value)) return [...(value as Iterable<unknown>)].map((item) => plain(item ?? null));
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, plain(inner)]])));
}

type Chain = Readonly<{ before: Chain | null }>;
const isChain = (value: object): value is Chain => {
  const before = (value as { before?: unknown }).before;
  return before === null || (typeof before === 'object' && 'before' in before);
};

function chained(newest: Chain): unknown[] {
  const records: unknown[] = [];
  for (let link: Chain | null = newest; link; link = link.before) {
    const { before: _, ...record } = link;
    records.push(plain(record));
  }
  return records.reverse();
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const inPath = (path: string, key: string) =>
  /^[A-Za-z_]\w*$/.test(key) ? `${path}.${key}` : `${path}['${key.replace(/[\\']/g, '\\$&')}']`;
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const owns = (object: object, key: string) => Object.prototype.hasOwnProperty.call(object, key);

/** The differences between two plain states, in field order. */
export function changesBetween(before: unknown, after: unknown, path = '$'): Change[] {
  if (before === after) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const places = Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index);
    return places.flatMap((index) => inside(before, after, `${index}`, index < before.length, index < after.length, `${path}[${index}]`));
  }
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => inside(before, after, key, owns(before, key), owns(after, key), inPath(path, key)));
  }
  return same(before, after) ? [] : [{ path, old: before, new: after }];
}

function inside(before: object, after: object, key: string, was: boolean, is: boolean, path: string): Change[] {
  const old = (before as Record<string, unknown>)[key];
  const now = (after as Record<string, unknown>)[key];
  if (was && is) return changesBetween(old, now, path);
  return [was ? { path, old } : { path, new: now }];
}
