import { ArgsType, Field, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { Code, Flag, Id, OneOf, Whole } from '#platform/commands/fields';
import { PAGE } from '#platform/http/page-size';
import { GenealogyEdge } from './genealogy-edge.view';

/** Direction of a trace: Forward to what was made of it, Backward to what it was made of. */
export const TraceDirection = { FORWARD: 'FORWARD', BACKWARD: 'BACKWARD' } as const;
export type TraceDirection = keyof typeof TraceDirection;
registerEnumType(TraceDirection, {
  name: 'TraceDirection',
  description: 'Forward to what was made of it, Backward to what it was made of.',
});

const whole = Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value));
const flag = Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));

/** What to trace. */
@ArgsType()
export class TraceQuery {
  @Id()
  readonly id: string;

  @OneOf(TraceDirection)
  readonly direction: TraceDirection;

  /** True to follow voided steps, too; false when absent. */
  @flag
  @Flag({ optional: true })
  readonly includeVoided?: boolean;

  /** At most 500; 50 when absent. */
  @whole
  @Whole(1, PAGE.most, { optional: true })
  readonly first?: number;

  /** The `nextCursor` of the previous page. */
  @Code({ optional: true })
  readonly after?: string;

  /** Token of a receipt: the answer reflects that command, or has `behind: true`. */
  @Code({ optional: true })
  readonly waitFor?: string;
}

/** One step of a trace. */
@ObjectType('GenealogyStep', {})
class GenealogyStep {
  @Field(() => Int, { description: 'Steps from the start, by the shortest path; the first is 1.' })
  @ApiProperty({ type: 'integer', description: 'Steps from the start, by the shortest path; the first is 1.' })
  depth: number;

  @Field(() => GenealogyEdge)
  @ApiProperty({ type: GenealogyEdge })
  edge: GenealogyEdge;
}

/** All steps of a trace, nearest first, page by page. */
@ObjectType('GenealogyTrace', {})
export class GenealogyTrace {
  @Field(() => [GenealogyStep])
  @ApiProperty({ type: [GenealogyStep] })
  items: GenealogyStep[];

  @Field(() => String, { nullable: true, description: 'Send it as `after` for the next page; null on the last one.' })
  @ApiProperty({ type: String, nullable: true, description: 'Send it as `after` for the next page; null on the last one.' })
  nextCursor: string | null;

  @Field(() => Boolean, { description: 'False where the trace reached its size limit; continue from its last lots.' })
  @ApiProperty({ type: Boolean, description: 'False where the trace reached its size limit; continue from its last lots.' })
  complete: boolean;

  @Field(() => Int, { description: 'Steps of the whole trace.' })
  @ApiProperty({ type: 'integer', description: 'Steps of the whole trace.' })
  steps: number;

  @Field(() => String, { description: 'Position of the log up to which the answer is complete.' })
  @ApiProperty({ type: String, description: 'Position of the log up to which the answer is complete.' })
  position: string;

  @Field(() => Boolean, { description: 'True if `waitFor` was not reached in time.' })
  @ApiProperty({ type: Boolean, description: 'True if `waitFor` was not reached in time.' })
  behind: boolean;
}
