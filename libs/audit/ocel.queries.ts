/**
 * The events of a plant for process mining: GET /audit/events.ocel.json, as OCEL 2.0. Hides: how events name the things that they are about. Promises:
 * types, objects and events of one position of the log, so that each relationship leads to an object; memory does not grow with the number of events.
 * Does not: include refusals, or who acted: the audit trail has both.
 */
import { Readable } from 'node:stream';
import { Controller, Get, Inject, Query as Parameter, Res, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { FacilityId } from '#manufacturing/facility.fields';
import { Allow } from '#manufacturing/roles.access';
import { Code, Instant } from '#platform/commands/fields';
import { invalidInput } from '#platform/problem/problem';
import { sayFreshness } from '#platform/queries/list-reader';
import { inScopes, Reads, scopeOf } from '#platform/queries/reads';
import { caller } from '#platform/security/auth';
import { AUDIENCE } from './audit.log';
import { ATTRIBUTES, ocelEventOf, OBJECT_ATTRIBUTES, RELATED } from './ocel';

/** Events of one plant. */
class OcelQuery {
  @FacilityId()
  readonly facilityId: string;

  /** Events recorded from then on; from the first one when absent. */
  @Instant({ optional: true })
  readonly from?: string;

  /** Events recorded before; up to now when absent. */
  @Instant({ optional: true })
  readonly to?: string;

  /** Token of a receipt: the answer reflects that command, or says in its headers that it is behind. */
  @Code({ optional: true })
  readonly waitFor?: string;
}

const CHOSEN = `FROM audit_trail WHERE "facilityId" = $1 AND ${inScopes('"facilityId"', 2)} AND position <= $3::bigint
    AND "recordedAt" >= coalesce($4::timestamptz, '-infinity') AND "recordedAt" < coalesce($5::timestamptz, 'infinity')
    AND refusal IS NULL AND event NOT IN ('CommandRefused', 'CommandUnchanged')`;
/** Each object that an event is about or names: $6 has the names of fields, $7 the types of what they name. */
const NAMED = `
  SELECT "entityType" AS type, "entityId" AS id ${CHOSEN}
  UNION SELECT related.type, field.value #>> '{}' AS id FROM (SELECT data ${CHOSEN}) event, unnest($6::text[], $7::text[]) AS related(name, type),
    LATERAL jsonb_path_query(event.data, ('$.' || related.name)::jsonpath) AS field(value) WHERE jsonb_typeof(field.value) = 'string'`;
const OBJECT_TYPES = `SELECT DISTINCT type AS name FROM (${NAMED}) named ORDER BY 1`;
const OBJECTS = `SELECT type, id FROM (${NAMED}) named ORDER BY 1, 2`;
const EVENT_TYPES = `SELECT DISTINCT event AS name ${CHOSEN} ORDER BY 1`;
const EVENTS = `SELECT "eventId", event, "occurredAt", "recordedAt", role, command, clock, reason, "entityType", "entityId", data ${CHOSEN} ORDER BY position`;

@Controller('audit/events.ocel.json')
@ApiTags('audit')
@ApiBearerAuth()
export class OcelController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  @Get()
  @Allow(...AUDIENCE)
  @ApiOperation({ operationId: 'ocelEvents', summary: 'The events of a plant for process mining, as OCEL 2.0 JSON.' })
  @ApiOkResponse({ description: 'An object-centric event log.', content: { 'application/json': { schema: { type: 'object' } } } })
  async ocelEvents(@Parameter() query: OcelQuery, @Res({ passthrough: true }) reply: FastifyReply): Promise<StreamableFile> {
    const { facilityId, from, to, waitFor } = query;
    if (from !== undefined && to !== undefined && Date.parse(to) <= Date.parse(from))
      throw invalidInput([{ field: 'to', message: `to must be later than from, was ${to}` }]);
    const fresh = await this.reads.fresh(['audit-trail'], waitFor);
    const values = [facilityId, scopeOf(caller()), fresh.position, from ?? null, to ?? null];
    const related = [...values, Object.keys(RELATED), Object.values(RELATED)];
    // The first statement is begun before the answer, so that a caller with too many exports is refused.
    const first = await this.reads.stream(OBJECT_TYPES, related);
    const open = {
      objects: () => this.reads.stream(OBJECTS, related),
      eventTypes: () => this.reads.stream(EVENT_TYPES, values),
      events: () => this.reads.stream(EVENTS, values),
    };
    sayFreshness(reply, fresh);
    const type = 'application/json; charset=utf-8';
    return new StreamableFile(Readable.from(documentOf(first, open, facilityId), { objectMode: false }), {
      type,
      disposition: `attachment; filename="${facilityId}.ocel.json"`,
    });
  }
}

type Part = () => Promise<Readable>;
type Named = Readonly<{ name: string }>;

async function* documentOf(
  objectTypes: Readable,
  { objects, eventTypes, events }: Record<'objects' | 'eventTypes' | 'events', Part>,
  facility: string,
) {
  yield '{"objectTypes":';
  yield* list(objectTypes, ({ name }: Named) => ({ name, attributes: OBJECT_ATTRIBUTES }));
  yield ',"eventTypes":';
  yield* list(await eventTypes(), ({ name }: Named) => ({ name, attributes: ATTRIBUTES }));
  yield ',"objects":';
  yield* list(await objects(), ({ type, id }: { type: string; id: string }) => ({
    id: `${type}:${id}`,
    type,
    attributes: [{ name: 'facility', time: '1970-01-01T00:00:00Z', value: facility }],
    relationships: [],
  }));
  yield ',"events":';
  yield* list(await events(), ocelEventOf);
  yield '}\n';
}

/** Rows as a JSON array, some of them in each chunk. */
async function* list<Row>(rows: Readable, shape: (row: Row) => object): AsyncGenerator<string> {
  let chunk = '[';
  let separator = '';
  try {
    for await (const row of rows) {
      chunk += `${separator}${JSON.stringify(shape(row as Row))}`;
      separator = ',\n';
      if (chunk.length < 65_536) continue;
      yield chunk;
      chunk = '';
    }
  } finally {
    rows.destroy();
  }
  yield `${chunk}]`;
}
