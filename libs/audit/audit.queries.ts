import { Controller, Get, Inject, Query } from '@nestjs/common';
import { Args, Query as GraphQuery, Resolver } from '@nestjs/graphql';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Recorded } from '#kernel/event';
import { Allow } from '#manufacturing/roles.access';
import { caller } from '#platform/security/auth';
import { invalidInput } from '#platform/problem/problem';
import { Reads } from '#platform/queries/reads';
import { parseToken } from '#platform/store/log-mark';
import {
  AuditDifference,
  AuditHistory,
  AuditReplay,
  AuditState,
  DifferenceQuery,
  HistoryQuery,
  ReplayQuery,
  StateQuery,
  type AuditEntry,
  type AuditEvent,
} from './audit.answers';
import { AUDIENCE, AuditLog, type ReplayFilter, type StateAt } from './audit.log';
import type { Entry, Moment } from './history';

const entryOf = (entry: Entry): AuditEntry => ({
  ...entry,
  revision: String(entry.revision),
  position: String(entry.position),
  changes: [...entry.changes],
});
const stateOf = (state: StateAt): AuditState => ({ ...state, revision: String(state.revision), position: String(state.position) });
const eventOf = ({ id, stream, revision, position: at, type, recordedAt, data, metadata }: Recorded): AuditEvent => ({
  id,
  stream,
  revision: String(revision),
  position: String(at),
  type,
  recordedAt,
  data,
  metadata,
});
const cursorOf = (next: bigint | undefined, log: string | undefined): string | null =>
  next === undefined ? null : log === undefined ? String(next) : `${next}-${log}`;

/** The four queries of auditors, for REST and GraphQL. */
class Questions {
  constructor(
    @Inject(AuditLog) private readonly log: AuditLog,
    @Inject(Reads) private readonly reads: Reads,
  ) {}

  /** A position of this log. @throws Problem 409 if it has the id of another log */
  private async position(field: string, value: string | undefined): Promise<bigint | undefined> {
    if (value === undefined) return undefined;
    const { position, mark } = parseToken(value) ?? { position: BigInt(value.split('-')[0]!) };
    await this.reads.ensureOwn(`The position in ${field}`, mark);
    return position;
  }

  private async moment(
    field: string,
    at: string | undefined,
    recordedAt: string | undefined,
    occurredAt: string | undefined,
  ): Promise<Moment> {
    return { position: await this.position(field, at), recordedAt, occurredAt };
  }

  async history({ entity, after, limit, newestFirst }: HistoryQuery): Promise<AuditHistory> {
    const [from, log] = [await this.position('after', after), await this.reads.log()];
    const { items, next } = await this.log.history(caller(), entity, from, limit, newestFirst);
    return { items: items.map(entryOf), nextCursor: cursorOf(next, log) };
  }

  async state({ entity, position: at, recordedAt, occurredAt }: StateQuery): Promise<AuditState> {
    return stateOf(await this.log.stateAsOf(caller(), entity, await this.moment('position', at, recordedAt, occurredAt)));
  }

  async difference(query: DifferenceQuery): Promise<AuditDifference> {
    const { entity, fromPosition, fromRecordedAt, fromOccurredAt, toPosition, toRecordedAt, toOccurredAt } = query;
    const fromTheStart = fromPosition === undefined && fromRecordedAt === undefined && fromOccurredAt === undefined;
    const first: Moment = fromTheStart
      ? { position: -1n }
      : await this.moment('fromPosition', fromPosition, fromRecordedAt, fromOccurredAt);
    const { from, to, changes, events } = await this.log.difference(
      caller(),
      entity,
      first,
      await this.moment('toPosition', toPosition, toRecordedAt, toOccurredAt),
    );
    return {
      stream: entity,
      from: from ? stateOf(from) : null,
      to: to ? stateOf(to) : null,
      changes: [...changes],
      events: events.map(eventOf),
    };
  }

  async replay({ after, limit, from, to, ...rest }: ReplayQuery): Promise<AuditReplay> {
    const filter: ReplayFilter = { ...rest, from: await this.position('from', from), to: await this.position('to', to) };
    if (filter.from !== undefined && filter.to !== undefined && filter.from > filter.to)
      throw invalidInput([{ field: 'from', message: '`from` must not be after `to`' }]);
    const [start, log] = [await this.position('after', after), await this.reads.log()];
    const { items, next } = await this.log.replay(caller(), filter, start, limit);
    return { items: items.map(eventOf), nextCursor: cursorOf(next, log) };
  }
}

@Controller('audit')
@ApiTags('audit')
@ApiBearerAuth()
export class AuditController extends Questions {
  /** The history of an entity: who did what, when and why, with old and new values, and refusals. */
  @Get('history')
  @Allow(...AUDIENCE)
  @ApiOperation({
    operationId: 'auditHistory',
    summary: 'The history of an entity: who did what, when and why, with old and new values, and refusals.',
  })
  @ApiOkResponse({ type: AuditHistory })
  auditHistory(@Query() query: HistoryQuery): Promise<AuditHistory> {
    return this.history(query);
  }

  /** The state of an entity as of a position, a known time or a floor time; now when all are absent. */
  @Get('state')
  @Allow(...AUDIENCE)
  @ApiOperation({ operationId: 'auditState', summary: 'The state of an entity as of a position of the log or a time.' })
  @ApiOkResponse({ type: AuditState })
  auditState(@Query() query: StateQuery): Promise<AuditState> {
    return this.state(query);
  }

  /** What changed between two moments; from the start, or until now, if one is absent. */
  @Get('difference')
  @Allow(...AUDIENCE)
  @ApiOperation({ operationId: 'auditDifference', summary: 'What changed in an entity between two moments.' })
  @ApiOkResponse({ type: AuditDifference })
  auditDifference(@Query() query: DifferenceQuery): Promise<AuditDifference> {
    return this.difference(query);
  }

  /** The raw log, as stored, page by page. */
  @Get('replay')
  @Allow(...AUDIENCE)
  @ApiOperation({ operationId: 'auditReplay', summary: 'The log as it was written, page by page, filtered.' })
  @ApiOkResponse({ type: AuditReplay })
  auditReplay(@Query() query: ReplayQuery): Promise<AuditReplay> {
    return this.replay(query);
  }
}

@Resolver()
export class AuditResolver extends Questions {
  @GraphQuery(() => AuditHistory, {
    description: 'The history of an entity: who did what, when and why, with old and new values, and refusals.',
  })
  @Allow(...AUDIENCE)
  auditHistory(@Args() query: HistoryQuery): Promise<AuditHistory> {
    return this.history(query);
  }

  @GraphQuery(() => AuditState, {
    description: 'The state of an entity as of a position, a known time or a floor time; now when all are absent.',
  })
  @Allow(...AUDIENCE)
  auditState(@Args() query: StateQuery): Promise<AuditState> {
    return this.state(query);
  }

  @GraphQuery(() => AuditDifference, { description: 'What changed between two moments; from the start, or until now, if one is absent.' })
  @Allow(...AUDIENCE)
  auditDifference(@Args() query: DifferenceQuery): Promise<AuditDifference> {
    return this.difference(query);
  }

  @GraphQuery(() => AuditReplay, { description: 'The raw log, as stored, page by page.' })
  @Allow(...AUDIENCE)
  auditReplay(@Args() query: ReplayQuery): Promise<AuditReplay> {
    return this.replay(query);
  }
}
