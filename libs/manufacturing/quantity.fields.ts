import { InputType } from '@nestjs/graphql';
import { IsIn } from 'class-validator';
import { AMOUNT, UNITS, type Unit } from '#manufacturing/quantity';
import { Decimal } from '#platform/commands/scalars';
import { field, Matching, Nested, type Options } from '#platform/commands/fields';

const MESSAGE =
  '$property must be a decimal string such as "12.5", not a number: not negative, at most 12 digits before and 6 after the point';
/** A decimal string without unit: at most 12 digits before and 6 after the point. */
export const Amount = (options: Options = {}) => Matching(AMOUNT, MESSAGE, { ...options, as: () => Decimal, example: '12.5' });

/** The symbol of a unit, e.g. kg or pcs. */
export const UnitSymbol = (options: Options = {}) => field(() => String, { enum: UNITS }, options, IsIn(UNITS));

/** An amount and its unit. */
@InputType('QuantityInput', {})
export class QuantityInput {
  /** Decimal string, e.g. "12.5". */
  @Amount()
  readonly amount: string;

  /** Unit symbol, e.g. kg or pcs. */
  @UnitSymbol()
  readonly unit: Unit;
}

/** An exact quantity with unit. */
export const QuantityField = (options: Options = {}) => Nested(() => QuantityInput, options);
