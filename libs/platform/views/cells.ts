/**
 * The cells of rows: each decorator is a PostgreSQL column, a GraphQL field and an OpenAPI property in one. Hides: three libraries'
 * decorators and their type names. Promises: table, GraphQL and REST say the same. Does not: write rows (the view engine does) or read them.
 */
import { applyDecorators } from '@nestjs/common';
import { Field, ID, Int, type ReturnTypeFunc } from '@nestjs/graphql';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Column, type ColumnType, PrimaryColumn } from 'typeorm';
import { DateTime, Decimal, Json } from '#platform/commands/scalars';
import { Scope } from './scope';

type Kind = Readonly<{ column: ColumnType; array?: boolean; field: ReturnTypeFunc; api: ApiPropertyOptions }>;

/** `position` is a bigint in code and a string in JSON; `instant` is ISO 8601 UTC; `amount` an exact decimal string. */
const kinds = {
  id: { column: 'text', field: () => ID, api: { type: String } },
  ids: { column: 'text', array: true, field: () => [ID], api: { type: [String] } },
  text: { column: 'text', field: () => String, api: { type: String } },
  texts: { column: 'text', array: true, field: () => [String], api: { type: [String] } },
  instant: { column: 'timestamptz', field: () => DateTime, api: { type: String, format: 'date-time' } },
  amount: { column: 'numeric', field: () => Decimal, api: { type: String } },
  whole: { column: 'integer', field: () => Int, api: { type: 'integer' } },
  flag: { column: 'boolean', field: () => Boolean, api: { type: Boolean } },
  position: { column: 'bigint', field: () => String, api: { type: String, pattern: '^\\d+$' } },
} as const satisfies Record<string, Kind>;

type Options = Readonly<{ optional?: boolean }>;

/** The declaration of a cell. */
export type CellOf = Readonly<{ name: string; kind: keyof typeof kinds | 'key' | 'oneOf' | 'json'; list?: Record<string, string> }>;
const CELLS = 'cells';
const remember =
  (cell: Omit<CellOf, 'name'>): PropertyDecorator =>
  (prototype, name) =>
    Reflect.defineMetadata(
      CELLS,
      [...((Reflect.getMetadata(CELLS, prototype) as CellOf[] | undefined) ?? []), { name: String(name), ...cell }],
      prototype,
    );

/** The cells of a row class, in the order of their declaration. */
export const cellsOf = (row: new () => object): readonly CellOf[] =>
  (Reflect.getMetadata(CELLS, row.prototype as object) as CellOf[] | undefined) ?? [];

/** The cell that says which scope a row belongs to. */
export const ScopeCell = () => applyDecorators(Scope(), Cell('id'));

/** The only text key of a row. */
export const Key = () =>
  applyDecorators(
    remember({ kind: 'key' }),
    PrimaryColumn('text'),
    Field(() => ID),
    ApiProperty({ type: String }),
  );

/** A cell of a simple kind. */
export function Cell(kind: keyof typeof kinds, { optional = false }: Options = {}) {
  const { column, field, api, ...rest }: Kind = kinds[kind];
  return applyDecorators(
    remember({ kind }),
    Column({ type: column, array: rest.array ?? false, nullable: optional }),
    Field(field, { nullable: optional }),
    ApiProperty({ ...api, required: !optional, nullable: optional } as ApiPropertyOptions),
  );
}

/** A cell with one value of a closed list; call registerEnumType once for the list. */
export const CellOneOf = (list: Record<string, string>, { optional = false }: Options = {}) =>
  applyDecorators(
    remember({ kind: 'oneOf', list }),
    Column({ type: 'text', nullable: optional }),
    Field(() => list, { nullable: optional }),
    ApiProperty({ enum: Object.values(list), required: !optional, nullable: optional } as ApiPropertyOptions),
  );

/** A cell with a list of objects of a GraphQL object class, stored as jsonb. */
export const CellMany = (type: () => new () => object) =>
  applyDecorators(
    remember({ kind: 'json' }),
    Column({ type: 'jsonb' }),
    Field(() => [type()]),
    // Swagger treats a function as a lazy type only if the function itself is named `type`.
    ApiProperty({ type: () => type(), isArray: true }),
  );

/** A cell with an object of any shape, stored as jsonb. */
export const CellJson = () =>
  applyDecorators(
    remember({ kind: 'json' }),
    Column({ type: 'jsonb' }),
    Field(() => Json),
    ApiProperty({ type: Object }),
  );
