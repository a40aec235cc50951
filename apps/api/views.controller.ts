import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { InputType } from '@nestjs/graphql';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Pool } from 'pg';
import type { Principal } from '#platform/security/access';
import { Allow } from '#manufacturing/roles.access';
import { caller } from '#platform/security/auth';
import { currentContext } from '#platform/security/context';
import { EventStore } from '#platform/store/event-store';
import { Text } from '#platform/commands/fields';
import { Problem } from '#platform/problem/problem';
import { inspectParked, listParked, retryParked } from '#platform/views/parking';
import { firstAfterIn, ViewReads } from '#platform/views/progress';
import { skipAndRecord } from '#platform/views/skip';
import { ParkedEvents, ParkedPartitions, ViewTables } from './views.answers';

@InputType()
class OfView {
  /** Name of a view; all views when absent. */
  @Text(1, 64, { optional: true })
  readonly view?: string;
}

@InputType()
class ParkedPartitionInput {
  /** Table of the parked partition, as in the list. */
  @Text(1, 128)
  readonly table: string;

  @Text(1, 512)
  readonly partition: string;
}

@InputType()
class SkipInput extends ParkedPartitionInput {
  /** Why, for the auditor. */
  @Text(3, 500)
  readonly reason: string;
}

/** Views have the rows of all plants: only a caller with all facilities may operate them. */
function engineerOfAll(): Principal {
  const principal = caller();
  if (principal.scopes.includes('*')) return principal;
  throw new Problem(403, 'facility-not-in-scope', 'Operating views needs access to all facilities.', {
    whatToDo: 'Use a token for all facilities (`*`).',
  });
}
const nothingParked = () =>
  new Problem(404, 'nothing-parked', 'This partition is not parked.', { whatToDo: 'GET /views/parked lists all parked partitions.' });
const plain = <T>(value: T): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner)));

@ApiTags('views')
@ApiBearerAuth()
@Controller('views')
export class ViewsController {
  constructor(
    @Inject(ViewReads) private readonly reads: ViewReads,
    @Inject(Pool) private readonly pool: Pool,
    @Inject(EventStore) private readonly store: EventStore,
  ) {}

  @Get()
  @Allow('engineer')
  @ApiOperation({ operationId: 'views', summary: 'Every table of every view: its position, and how far it is behind.' })
  @ApiOkResponse({ type: ViewTables })
  async views(): Promise<unknown> {
    engineerOfAll();
    return plain({ items: await this.reads.lag(firstAfterIn(this.store)) });
  }

  @Get('parked')
  @Allow('engineer')
  @ApiOperation({ operationId: 'parkedPartitions', summary: 'Partitions parked behind an event that cannot be folded, oldest first.' })
  @ApiOkResponse({ type: ParkedPartitions })
  async parkedPartitions(@Query() { view }: OfView): Promise<unknown> {
    engineerOfAll();
    return plain({ items: await listParked(this.pool, view) });
  }

  @Get('parked-events')
  @Allow('engineer')
  @ApiOperation({ operationId: 'parkedEvents', summary: 'The events that wait in one partition, the faulty one first.' })
  @ApiOkResponse({ type: ParkedEvents })
  async parkedEvents(@Query() { table, partition }: ParkedPartitionInput): Promise<unknown> {
    engineerOfAll();
    const items = await inspectParked(this.pool, table, partition);
    if (items.length === 0) throw nothingParked();
    return plain({ items });
  }

  @Post('retry-parked')
  @HttpCode(200)
  @Allow('engineer')
  @ApiOperation({ operationId: 'retryParked', summary: 'Retry the parked events of a partition, for example after a fix.' })
  @ApiOkResponse({ schema: { type: 'object' } })
  async retryParked(@Body() { table, partition }: ParkedPartitionInput): Promise<unknown> {
    engineerOfAll();
    if (!(await retryParked(this.pool, table, partition))) throw nothingParked();
    return { table, partition, retried: true };
  }

  @Post('skip-parked')
  @HttpCode(200)
  @Allow('engineer')
  @ApiOperation({
    operationId: 'skipParked',
    summary: 'Skip the faulty event of a partition, with a reason; the decision is recorded in the log first.',
  })
  @ApiOkResponse({ schema: { type: 'object' } })
  async skipParked(@Body() { table, partition, reason }: SkipInput): Promise<unknown> {
    const { actor } = engineerOfAll();
    const skip = { table, partition, reason, actor, correlationId: currentContext()?.correlationId ?? randomUUID() };
    if (!(await skipAndRecord(this.pool, this.store, skip))) throw nothingParked();
    return { table, partition, skipped: true };
  }
}
