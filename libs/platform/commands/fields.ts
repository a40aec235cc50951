/**
 * The fields of commands: each decorator is validation, GraphQL and OpenAPI in one. Hides: three libraries' decorators.
 * Promises: REST, GraphQL and queue accept the same values. Does not: check rules of the business (the deciders do).
 */
import { applyDecorators } from '@nestjs/common';
import { Field, ID, Int, type ReturnTypeFunc } from '@nestjs/graphql';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { QUALIFIED_ID } from '#kernel/identity';
import { DateTime } from '#platform/commands/scalars';

/** Whether a field is optional. */
export type Options = { optional?: boolean };

/** The base of every field: validation, GraphQL and OpenAPI at once. Domains build their own fields from it. */
export const field = (type: ReturnTypeFunc, api: ApiPropertyOptions, { optional = false }: Options, ...checks: PropertyDecorator[]) =>
  applyDecorators(
    ...(optional ? [IsOptional()] : []),
    ...checks,
    Field(type, { nullable: optional }),
    ApiProperty({ ...api, required: !optional } as ApiPropertyOptions),
  );

const text = (expression: RegExp, message: string, example?: string) => ({
  checks: [IsString(), Matches(expression, { message })] as const,
  api: { type: String, pattern: expression.source, ...(example ? { example } : {}) } as ApiPropertyOptions,
});

const id = text(QUALIFIED_ID, '$property must be <scope>.<local>, e.g. haifa.M4: letters, digits, - and _', 'haifa.M4');
const code = text(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, '$property must be 1 to 64 letters, digits, . _ : or -');

/** An id qualified by the scope that owns the thing, `<scope>.<local>`. */
export const Id = (options: Options = {}) => field(() => ID, id.api, options, ...id.checks);

/** Several qualified ids. */
export const Ids = (max: number, options: Options = {}) =>
  field(
    () => [ID],
    { type: [String], maxItems: max },
    options,
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(max),
    Matches(QUALIFIED_ID, { each: true, message: 'each of $property must be <scope>.<local>, e.g. haifa.M4' }),
  );

/** Text of a fixed form; `message` says what is expected, with an example. */
export const Matching = (
  expression: RegExp,
  message: string,
  { example, as = () => String, ...options }: Options & { example?: string; as?: ReturnTypeFunc } = {},
) => {
  const { api, checks } = text(expression, message, example);
  return field(as, api, options, ...checks);
};

/** A code that is unique within its list: report ids, reason codes, reservation ids. */
export const Code = (options: Options = {}) => field(() => String, code.api, options, ...code.checks);

// Letters and line breaks; no other control characters, no unpaired surrogates, and no invisible characters that reverse or split text
// (bidirectional controls, zero-width spaces). Joiners are allowed: Persian and Hindi need them.
export const READABLE =
  /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]*$/u;
/** Free text within a length. */
export const Text = (min: number, max: number, options: Options = {}) =>
  field(
    () => String,
    { type: String, minLength: min, maxLength: max },
    options,
    IsString(),
    Length(min, max),
    Matches(READABLE, { message: '$property must not contain control or invisible characters' }),
  );

/** The reason, for commands that require one. The always-true condition overrides the inherited IsOptional of the envelope. */
export const Reason = () =>
  applyDecorators(
    ValidateIf(() => true),
    Text(1, 500),
  );

/** Several free texts, each within a length. */
export const Texts = (min: number, max: number, count: number, options: Options = {}) =>
  field(
    () => [String],
    { type: [String], maxItems: count },
    options,
    IsArray(),
    ArrayMaxSize(count),
    IsString({ each: true }),
    Length(min, max, { each: true }),
    Matches(READABLE, { each: true, message: 'each of $property must not contain control or invisible characters' }),
  );

/** A whole number within bounds. */
export const Whole = (min: number, max: number, options: Options = {}) =>
  field(() => Int, { type: 'integer', minimum: min, maximum: max }, options, IsInt(), Min(min), Max(max));

export const Flag = (options: Options = {}) => field(() => Boolean, { type: Boolean }, options, IsBoolean());

/** One value of a closed list; call registerEnumType once for the list. Keys and values must be equal. */
export const OneOf = (list: Record<string, string>, options: Options = {}) =>
  field(() => list, { enum: Object.values(list) }, options, IsIn(Object.values(list)));

/** Values of a closed list, each at most once. */
export const ManyOf = (list: Record<string, string>, options: Options & { min?: number } = {}) =>
  field(
    () => [list],
    { enum: Object.values(list), isArray: true } as ApiPropertyOptions,
    options,
    IsArray(),
    ArrayMinSize(options.min ?? 0),
    ArrayUnique(),
    IsIn(Object.values(list), { each: true }),
  );

const INSTANT = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;
// The range that PostgreSQL and JavaScript read alike: earlier years are lost in one of them, and later ones are rounded to the year 10000.
const EARLIEST = Date.parse('1900-01-01T00:00:00Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');
/** True for an existing instant, ISO 8601 with offset. Without an offset, the hour of a clock change is ambiguous. */
export const isInstant = (value: unknown): value is string => {
  if (typeof value !== 'string' || !INSTANT.test(value)) return false;
  const [year, month, day] = value.slice(0, 10).split('-').map(Number) as [number, number, number];
  const instant = Date.parse(value);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day && instant >= EARLIEST && instant < LATEST;
};
/** An instant: ISO 8601 with offset, e.g. `2026-01-05T08:00:00+02:00`. */
export const Instant = (options: Options = {}) =>
  field(
    () => DateTime,
    { type: String, format: 'date-time' },
    options,
    ValidateBy({
      name: 'isInstant',
      validator: {
        validate: isInstant,
        defaultMessage: (at) => `${at?.property} must be an existing instant from 1900 on, with offset, e.g. 2026-01-05T08:00:00+02:00`,
      },
    }),
  );

type Input = new () => object;
const INPUT_CLASS = 'input-class';
/** The class of a nested field, and how class-transformer gets it. */
const ofClass = (type: () => Input) => applyDecorators(Type(type), Reflect.metadata(INPUT_CLASS, type) as PropertyDecorator);
/** The class of a nested field's value in an input class. */
export const inputClassOf = (type: Input, property: string): Input | undefined =>
  (Reflect.getMetadata(INPUT_CLASS, type.prototype as object, property) as (() => Input) | undefined)?.();
/** Swagger treats a function as a lazy type only if the function itself is named `type`; any other becomes a dangling reference. */
const lazily = (of: () => Input) => ({ type: () => of() });
/** A nested object of an input class. */
export const Nested = (type: () => Input, options: Options = {}) =>
  field(type, lazily(type), options, IsObject(), ValidateNested(), ofClass(type));

/** A list of nested objects of an input class. */
export const Many = (type: () => Input, max: number, options: Options & { min?: number } = {}) =>
  field(
    () => [type()],
    { ...lazily(type), isArray: true, maxItems: max } as ApiPropertyOptions,
    options,
    IsArray(),
    ArrayMinSize(options.min ?? 1),
    ArrayMaxSize(max),
    IsObject({ each: true }),
    ValidateNested({ each: true }),
    ofClass(type),
  );
