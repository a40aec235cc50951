/**
 * What every command contains besides its own fields. Hides: nothing. Promises: REST, GraphQL and queue share one envelope. Does not: decide
 * (decisions.ts does).
 */
import { Field, ID, InputType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsUUID, Matches } from 'class-validator';
import { Code, Instant, Text } from './fields';

@InputType({ isAbstract: true })
export abstract class Command {
  /** Makes the command safe to repeat: the same id with the same payload returns the first answer. Generated if absent. */
  @IsOptional()
  @IsUUID()
  @Field(() => ID, { nullable: true })
  @ApiProperty({ type: String, format: 'uuid', required: false })
  readonly commandId?: string;

  /** Floor time: when it happened, by the sender's clock. If absent, the end of the interval in a report, else the server's time. */
  @Instant({ optional: true })
  readonly occurredAt?: string;

  /** The reason, in the words of the person who acts. */
  @Text(1, 500, { optional: true })
  readonly reason?: string;

  /** The terminal or device that sends the command. */
  @Code({ optional: true })
  readonly device?: string;

  /** Refuse unless the stream is at this revision; -1 if it must not exist yet. */
  @IsOptional()
  @Matches(/^(-1|\d{1,19})$/, { message: '$property must be a revision such as "7", or "-1"' })
  @Field(() => String, { nullable: true })
  @ApiProperty({ type: String, required: false })
  readonly expectedRevision?: string;
}
