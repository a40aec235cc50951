/**
 * Ids are qualified by the scope that owns the thing, e.g. a plant: `<scope>.<local>`, as in `haifa.M4`. One stream has one owner, so the
 * scope of a command or a row is known from its id alone, and two scopes never collide. A scope's own id has no dot. Letters, digits,
 * `-` and `_` only: no look-alikes, safe in stream names and URLs.
 */
export const SCOPE_ID = /^[a-z][a-z0-9]{0,31}$/;
export const QUALIFIED_ID = /^[a-z][a-z0-9]{0,31}\.[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** The scope in an id: the part before the dot, or the id itself. */
export const scopeIn = (id: string): string => id.split('.', 1)[0]!;

/**
 * Whether all ids that an event names belong to the scope whose stream it is in. A fact may name anything, also another plant's
 * order: what follows from it must not reach there.
 */
export const atHome = ({ metadata }: Readonly<{ metadata: Readonly<{ facility: string }> }>, ...ids: readonly string[]): boolean =>
  ids.every((id) => scopeIn(id) === metadata.facility);

/** The own entry of a record under an id; undefined for inherited names such as `constructor`. */
export const entryOf = <T>(record: Readonly<Record<string, T>>, id: string): T | undefined =>
  Object.hasOwn(record, id) ? record[id] : undefined;

/** `equipment` and `haifa.M4` give `equipment-haifa.M4`. */
export const streamOf = (category: string, id: string): string => `${category}-${id}`;
