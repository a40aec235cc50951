import { Controller, Get, Inject, Injectable, Query } from '@nestjs/common';
import { Args, Context, Query as GraphQuery, Resolver } from '@nestjs/graphql';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ROLES } from '#manufacturing/roles';
import { Allow } from '#manufacturing/roles.access';
import { scopeIn } from '#kernel/identity';
import { caller } from '#platform/security/auth';
import { noteBehind, type GraphqlContext } from '#platform/http/graphql-behind';
import { PAGE } from '#platform/http/page-size';
import { columnsOf } from '#platform/queries/list';
import { invalidInput } from '#platform/problem/problem';
import { inScopes, Reads, scopeOf } from '#platform/queries/reads';
import type { GenealogyEdge as Edge } from './genealogy-edge.view';
import { GenealogyEdge } from './genealogy-edge.view';
import { GenealogyTrace, TraceQuery } from './genealogy.answers';
import { stepsFrom } from './trace';

/** Limits of one trace: lots and work orders that it follows, and steps that it reads. */
const MOST_NODES = 20_000;
const MOST_EDGES = 50_000;

const columns = columnsOf(GenealogyEdge)
  .map((name) => (name === 'position' ? `edge."position"::text AS "position"` : `edge."${name}"`))
  .join(', ');

/**
 * Everything that can be reached from one node, at any depth. UNION keeps each node once, which ends cycles and keeps the work linear in
 * the edges where many paths lead to the same lot.
 */
const reached = (from: 'parentId' | 'childId', to: 'parentId' | 'childId') => `
  WITH RECURSIVE node(id) AS (
    SELECT $1::text
    UNION
    SELECT edge."${to}" FROM node JOIN genealogy_edge edge ON edge."${from}" = node.id
    WHERE (edge."voidedBy" IS NULL OR $2) AND ${inScopes('edge."facilityId"', 3)}
  ),
  followed AS MATERIALIZED (SELECT id FROM node LIMIT ${MOST_NODES})
  SELECT ${columns} FROM followed JOIN genealogy_edge edge ON edge."${from}" = followed.id
  WHERE (edge."voidedBy" IS NULL OR $2) AND ${inScopes('edge."facilityId"', 3)}
  LIMIT ${MOST_EDGES}`;
const statements = { FORWARD: reached('parentId', 'childId'), BACKWARD: reached('childId', 'parentId') };

/** Traces material through lots and work orders, forward or backward. */
@Injectable()
export class Genealogy {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  async trace({ id, direction, includeVoided = false, first = PAGE.usual, after = '0', waitFor }: TraceQuery): Promise<GenealogyTrace> {
    if (!/^\d{1,6}$/.test(after))
      throw invalidInput([{ field: 'after', message: '`after` must be the nextCursor of an answer to the same query' }]);
    const fresh = await this.reads.fresh(['genealogy-edge'], waitFor);
    const edges = await this.reads.rows<Edge>(statements[direction], [id, includeVoided, scopeOf(caller(), scopeIn(id))]);
    const steps = stepsFrom(id, edges, direction);
    const begin = Number.parseInt(after, 10);
    const end = begin + first;
    const nodes = new Set(edges.flatMap(({ parentId, childId }) => [parentId, childId])).size;
    return {
      items: steps.slice(begin, end),
      nextCursor: end < steps.length ? String(end) : null,
      complete: edges.length < MOST_EDGES && nodes < MOST_NODES,
      steps: steps.length,
      ...fresh,
    };
  }
}

@Controller('genealogy')
@ApiTags('material-lot')
@ApiBearerAuth()
export class GenealogyController {
  constructor(@Inject(Genealogy) private readonly genealogy: Genealogy) {}

  /** Traces the material of a lot or work order forward or backward, through any number of steps. */
  @Get()
  @Allow(...ROLES)
  @ApiOperation({ operationId: 'genealogy', summary: 'Traces a lot forward or backward, to any depth.' })
  @ApiOkResponse({ type: GenealogyTrace })
  trace(@Query() query: TraceQuery): Promise<GenealogyTrace> {
    return this.genealogy.trace(query);
  }
}

@Resolver()
export class GenealogyResolver {
  constructor(@Inject(Genealogy) private readonly genealogy: Genealogy) {}

  @GraphQuery(() => GenealogyTrace, {
    name: 'genealogy',
    description: 'Traces the material of a lot or work order forward or backward, through any number of steps.',
  })
  @Allow(...ROLES)
  async trace(@Args() query: TraceQuery, @Context() context: GraphqlContext): Promise<GenealogyTrace> {
    return noteBehind(context, 'genealogy', await this.genealogy.trace(query));
  }
}
