/**
 * Whose a row is. Hides: which column says so; domains name it as they like. Promises: a row class says it once, for all lists and
 * subscriptions. Does not: check it against a caller (the queries do).
 */
import 'reflect-metadata';

const SCOPE = 'scope';
/** On a text column: it says whose row it is, e.g. a plant's. Lists show a caller only the rows of its scopes. */
export const Scope = (): PropertyDecorator => (prototype, name) => Reflect.defineMetadata(SCOPE, String(name), prototype);

/** The column that says whose row it is. @throws TypeError where none does */
export function scopeColumnOf(row: new () => object): string {
  const column = Reflect.getMetadata(SCOPE, row.prototype as object) as string | undefined;
  if (column === undefined) throw new TypeError(`${row.name} has no @Scope column: say which of its columns tells whose row it is`);
  return column;
}
