/**
 * Who may see a row. Hides: which column says so; domains name it as they like. Promises: a row class declares it once, for all lists,
 * subscriptions and SQL. Does not: check it against a caller (the queries do, and the views of analysts).
 */
import 'reflect-metadata';

const SCOPE = 'scope';
/** On a text column: it says which scope a row belongs to, e.g. a plant. Lists show a caller only the rows of its scopes. */
export const Scope = (): PropertyDecorator => (prototype, name) => Reflect.defineMetadata(SCOPE, String(name), prototype);

/** The column that says which scope a row belongs to. @throws TypeError if no column does */
export function scopeColumnOf(row: new () => object): string {
  const column = Reflect.getMetadata(SCOPE, row.prototype as object) as string | undefined;
  if (column === undefined) throw new TypeError(`${row.name} has no @Scope column: put it on the column with the scope of a row`);
  return column;
}

const AUDIT = 'for-auditors';
/** On a row class: its rows say who did what, so analysts with SQL see them only if they are auditors. Lists name their roles themselves. */
export const ForAuditors = (): ClassDecorator => (row) => Reflect.defineMetadata(AUDIT, true, row);

export const isForAuditors = (row: new () => object): boolean => Reflect.getMetadata(AUDIT, row) === true;
