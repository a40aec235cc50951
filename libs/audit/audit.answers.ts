import { ArgsType, Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional, IsString, Length, Matches, Max, Min, ValidateIf } from 'class-validator';
import { FacilityId } from '#manufacturing/facility.fields';
import { PAGE } from '#platform/http/page-size';
import { Instant, READABLE } from '#platform/commands/fields';
import { DateTime, Json } from '#platform/commands/scalars';

/** A position alone, or with the id of its log, as in receipts and cursors. */
const POSITION = /^\d{1,20}(-[0-9a-f]{8})?$/;
const position = (description: string) => [
  Field(() => String, { nullable: true, description }),
  ApiProperty({ type: String, required: false, pattern: POSITION.source, description }),
  IsOptional(),
  Matches(POSITION, { message: '$property must be a position such as "4711"' }),
];
const text = (description: string) => [
  Field(() => String, { nullable: true, description }),
  ApiProperty({ type: String, required: false, maxLength: 200, description }),
  IsOptional(),
  IsString(),
  Length(1, 200),
  // Queries are recorded, and PostgreSQL could not store these characters.
  Matches(READABLE, { message: '$property must not contain control or invisible characters' }),
];
const all =
  (decorators: PropertyDecorator[]): PropertyDecorator =>
  (target, key) =>
    decorators.forEach((decorate) => decorate(target, key));
const Position = (description: string) => all(position(description));
const Name = (description: string) => all(text(description));

/** Which page. */
@ArgsType()
class PageQuery {
  @Position('Continue after this position: `nextCursor` of the previous page.')
  readonly after?: string;

  @Field(() => Int, { nullable: true, description: '1 to 500; 100 when absent.' })
  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: PAGE.most })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value))
  @IsInt()
  @Min(1)
  @Max(PAGE.most)
  readonly limit?: number;
}

const NEWEST_FIRST = 'True: from the newest entry back; `after` then continues with the entries before that position.';

@ArgsType()
export class HistoryQuery extends PageQuery {
  @Field(() => ID, { description: 'The stream of the entity, e.g. equipment-haifa.M4.' })
  @ApiProperty({ type: String, description: 'The stream of the entity, e.g. equipment-haifa.M4.' })
  @IsString()
  @Length(3, 200)
  readonly entity: string;

  @Field(() => Boolean, { nullable: true, description: NEWEST_FIRST })
  @ApiProperty({ type: Boolean, required: false, description: NEWEST_FIRST })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  readonly newestFirst?: boolean;
}

/** A moment: one or more of the three parts, which are combined. */
@ArgsType()
export class StateQuery {
  @Field(() => ID, { description: 'The stream of the entity, e.g. equipment-haifa.M4.' })
  @ApiProperty({ type: String, description: 'The stream of the entity, e.g. equipment-haifa.M4.' })
  @IsString()
  @Length(3, 200)
  readonly entity: string;

  @Position('Up to this position of the log.')
  readonly position?: string;

  /** Known time: what was recorded by then. */
  @Instant({ optional: true })
  readonly recordedAt?: string;

  /** Floor time: what had happened by then, as known today. */
  @Instant({ optional: true })
  readonly occurredAt?: string;
}

/** Two moments. The first one is the beginning when absent, the second one is now when absent. */
@ArgsType()
export class DifferenceQuery {
  @Field(() => ID, { description: 'The stream of the entity.' })
  @ApiProperty({ type: String, description: 'The stream of the entity.' })
  @IsString()
  @Length(3, 200)
  readonly entity: string;

  @Position('The first moment, as a position.')
  readonly fromPosition?: string;
  @Instant({ optional: true })
  readonly fromRecordedAt?: string;
  @Instant({ optional: true })
  readonly fromOccurredAt?: string;

  @Position('The second moment, as a position.')
  readonly toPosition?: string;
  @Instant({ optional: true })
  readonly toRecordedAt?: string;
  @Instant({ optional: true })
  readonly toOccurredAt?: string;
}

@ArgsType()
export class ReplayQuery extends PageQuery {
  @Name('One stream.')
  readonly stream?: string;
  @Name('All streams of a category, e.g. work-order.')
  readonly category?: string;
  @Name('One type of event.')
  readonly type?: string;
  @Name('Who did it.')
  readonly actor?: string;
  @ValidateIf((query: ReplayQuery) => query.facility !== undefined)
  @FacilityId({ optional: true })
  readonly facility?: string;
  @Name('Everything that follows from one request.')
  readonly correlationId?: string;
  @Position('From this position on.')
  readonly from?: string;
  @Position('Up to this position.')
  readonly to?: string;
  @Instant({ optional: true })
  readonly recordedFrom?: string;
  @Instant({ optional: true })
  readonly recordedTo?: string;
}

/** One value that changed. */
@ObjectType('AuditChange', {})
class AuditChange {
  @Field(() => String)
  @ApiProperty({ type: String, description: 'JSONPath in the state of the entity.' })
  path: string;

  @Field(() => Json, { nullable: true })
  @ApiProperty({ required: false, description: 'Absent where there was none.' })
  old?: unknown;

  @Field(() => Json, { nullable: true })
  @ApiProperty({ required: false, description: 'Absent where there is none.' })
  new?: unknown;
}

/** An event of an entity, or a refused command: who, what, when, why, and what changed. */
@ObjectType('AuditEntry', {})
export class AuditEntry {
  @Field(() => String) @ApiProperty({ enum: ['event', 'refusal', 'unchanged'] }) kind: string;
  @Field(() => ID) @ApiProperty({ type: String }) id: string;
  @Field(() => String) @ApiProperty({ type: String }) stream: string;
  @Field(() => String) @ApiProperty({ type: String }) revision: string;
  @Field(() => String) @ApiProperty({ type: String }) position: string;
  @Field(() => String) @ApiProperty({ type: String, description: 'Type of the event, or code of the refusal.' }) type: string;
  @Field(() => String) @ApiProperty({ type: String }) command: string;
  @Field(() => String) @ApiProperty({ type: String }) commandId: string;
  @Field(() => String) @ApiProperty({ type: String }) actor: string;
  @Field(() => String) @ApiProperty({ type: String }) role: string;
  @Field(() => String, { nullable: true }) @ApiProperty({ type: String, nullable: true }) device: string | null;
  @Field(() => DateTime) @ApiProperty({ type: String, format: 'date-time', description: 'Floor time.' }) occurredAt: string;
  @Field(() => DateTime) @ApiProperty({ type: String, format: 'date-time', description: 'When it was recorded.' }) recordedAt: string;
  @Field(() => String) @ApiProperty({ type: String, description: 'Whose clock the floor time is.' }) clock: string;
  @Field(() => String, { nullable: true }) @ApiProperty({ type: String, nullable: true }) reason: string | null;
  @Field(() => String) @ApiProperty({ type: String }) correlationId: string;
  @Field(() => String) @ApiProperty({ type: String }) causationId: string;
  @Field(() => ID) @ApiProperty({ type: String }) facility: string;
  @Field(() => String) @ApiProperty({ type: String }) app: string;
  @Field(() => Int) @ApiProperty({ type: 'integer' }) schema: number;
  @Field(() => [AuditChange]) @ApiProperty({ type: [AuditChange] }) changes: AuditChange[];
  @Field(() => Json) @ApiProperty({ description: 'The data of the event, or the refused command and why.' }) data: unknown;
}

@ObjectType('AuditHistory', {})
export class AuditHistory {
  @Field(() => [AuditEntry]) @ApiProperty({ type: [AuditEntry] }) items: AuditEntry[];
  @Field(() => String, { nullable: true }) @ApiProperty({ type: String, nullable: true }) nextCursor: string | null;
}

/** The state of an entity at a moment. */
@ObjectType('AuditState', {})
export class AuditState {
  @Field(() => ID) @ApiProperty({ type: String }) stream: string;
  @Field(() => Json) @ApiProperty({ type: Object }) state: unknown;
  @Field(() => Int) @ApiProperty({ type: 'integer', description: 'Number of events folded into it.' }) events: number;
  @Field(() => String) @ApiProperty({ type: String }) revision: string;
  @Field(() => String) @ApiProperty({ type: String }) position: string;
  @Field(() => DateTime) @ApiProperty({ type: String, format: 'date-time' }) recordedAt: string;
  @Field(() => DateTime) @ApiProperty({ type: String, format: 'date-time' }) occurredAt: string;
}

/** An event as it is stored. */
@ObjectType('AuditEvent', {})
export class AuditEvent {
  @Field(() => ID) @ApiProperty({ type: String }) id: string;
  @Field(() => String) @ApiProperty({ type: String }) stream: string;
  @Field(() => String) @ApiProperty({ type: String }) revision: string;
  @Field(() => String) @ApiProperty({ type: String }) position: string;
  @Field(() => String) @ApiProperty({ type: String }) type: string;
  @Field(() => DateTime) @ApiProperty({ type: String, format: 'date-time' }) recordedAt: string;
  @Field(() => Json) @ApiProperty({ type: Object }) data: unknown;
  @Field(() => Json) @ApiProperty({ type: Object }) metadata: unknown;
}

@ObjectType('AuditReplay', {})
export class AuditReplay {
  @Field(() => [AuditEvent]) @ApiProperty({ type: [AuditEvent] }) items: AuditEvent[];
  @Field(() => String, { nullable: true })
  @ApiProperty({ type: String, nullable: true, description: 'A page may be empty and still have a next one.' })
  nextCursor: string | null;
}

/** What changed between two moments. */
@ObjectType('AuditDifference', {})
export class AuditDifference {
  @Field(() => ID) @ApiProperty({ type: String }) stream: string;
  @Field(() => AuditState, { nullable: true }) @ApiProperty({ type: AuditState, nullable: true }) from: AuditState | null;
  @Field(() => AuditState, { nullable: true }) @ApiProperty({ type: AuditState, nullable: true }) to: AuditState | null;
  @Field(() => [AuditChange]) @ApiProperty({ type: [AuditChange] }) changes: AuditChange[];
  @Field(() => [AuditEvent]) @ApiProperty({ type: [AuditEvent], description: 'The events in between.' }) events: AuditEvent[];
}
