/** How answers of this slice are declared: each property once, for REST and GraphQL. */
import { applyDecorators } from '@nestjs/common';
import { Field, Float, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';
import { DateTime, Decimal } from '#platform/commands/scalars';
import { Doubt, WhyNoValue, type Kpi } from './kpis';

registerEnumType(WhyNoValue, { name: 'WhyNoValue', description: 'Why a KPI has no value.' });
registerEnumType(Doubt, { name: 'Doubt', description: 'What is doubtful about a KPI.' });

export const Said = (field: Parameters<typeof Field>[0], api: Parameters<typeof ApiProperty>[0], description: string, nullable = false) =>
  applyDecorators(Field(field, { description, nullable }), ApiProperty({ ...api, description, nullable } as never));
export const Seconds = (description: string, nullable = false) =>
  Said(() => Float, { type: Number }, `${description}, in seconds.`, nullable);
export const Value = (description: string) => Said(() => KpiAnswer, { type: () => KpiAnswer }, description);
export const Amount = (description: string, nullable = false) => Said(() => Decimal, { type: String }, description, nullable);
export const Count = (description: string) => Said(() => Int, { type: 'integer' }, description);
export const Flagged = (description: string) => Said(() => Boolean, { type: Boolean }, description);
export const Named = (description: string, nullable = false) => Said(() => String, { type: String }, description, nullable);
export const Identity = (description: string, nullable = false) => Said(() => ID, { type: String }, description, nullable);
export const Moment = (description: string, nullable = false) =>
  Said(() => DateTime, { type: String, format: 'date-time' } as never, description, nullable);
/** A list of objects; Swagger needs a function named `type`. */
export const Several = (type: () => new () => object, description: string) =>
  Said(() => [type()], { type: () => type(), isArray: true }, description);
/** One object. */
export const One = (type: () => new () => object, description: string) => Said(type, { type: () => type() }, description);
export const Restated = () =>
  Moment('When a fact of the period was last recorded or corrected after the period was over; null where none was.', true);

/** What every answer says of its age. */
@ObjectType({ isAbstract: true })
export class Fresh {
  @Named('Position of the log up to which the answer is complete.')
  position: string;

  @Flagged('True if `waitFor` was not reached in time.')
  behind: boolean;
}

/** A ratio with what it is made of. */
@ObjectType('Kpi', {})
export class KpiAnswer implements Kpi {
  @Amount('Six decimals; null where there is none.', true)
  value: string | null;

  @Amount('In seconds, or in the unit of the quantities.')
  numerator: string;

  @Amount('Likewise. Sums of several machines are ratios of sums.')
  denominator: string;

  @Said(() => WhyNoValue, { enum: Object.values(WhyNoValue) } as never, 'Why there is no value.', true)
  why: WhyNoValue | null;

  @Said(() => Doubt, { enum: Object.values(Doubt) } as never, 'What is doubtful about the value; null as a rule.', true)
  doubt: Doubt | null;
}
