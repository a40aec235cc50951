/**
 * The answer to a command. Hides: nothing. Promises: REST, GraphQL and processes get the same one. Does not: remember it (the stream does).
 */
import { Field, ID, ObjectType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';

/** The answer to a command. */
@ObjectType('Receipt', {})
export class Receipt {
  @Field(() => ID)
  @ApiProperty({ type: String, format: 'uuid', description: 'Send it again to get the same answer.' })
  commandId: string;

  @Field(() => ID)
  @ApiProperty({ type: String })
  id: string;

  @Field(() => String)
  @ApiProperty({ type: String })
  stream: string;

  @Field(() => String)
  @ApiProperty({ type: String, description: 'Revision of the stream after the command; also the ETag.' })
  revision: string;

  @Field(() => String)
  @ApiProperty({ type: String, description: 'Send it with a query as `waitFor` to see the effect of this command.' })
  token: string;

  @Field(() => Boolean)
  @ApiProperty({ type: Boolean, description: 'False if nothing had to change.' })
  changed: boolean;

  @Field(() => [String])
  @ApiProperty({ type: [String], description: 'Types of the events that the command caused.' })
  events: string[];

  @Field(() => [String])
  @ApiProperty({ type: [String], description: 'Those of `events` that flag a rule broken by the reported fact; empty if there is none.' })
  exceptions: string[];
}
