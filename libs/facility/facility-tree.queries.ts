import { Controller, Get, Inject, Injectable, Query } from '@nestjs/common';
import { Args, ArgsType, Context, Field, ID, Int, ObjectType, Query as GraphQuery, Resolver } from '@nestjs/graphql';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Matches } from 'class-validator';
import { ROLES } from '#manufacturing/roles';
import { Allow } from '#manufacturing/roles.access';
import { scopeIn } from '#kernel/identity';
import { caller } from '#platform/security/auth';
import { Code, Flag } from '#platform/commands/fields';
import { noteBehind, type GraphqlContext } from '#platform/http/graphql-behind';
import { columnsOf } from '#platform/queries/list';
import { notFound } from '#platform/problem/problem';
import { inScopes, Reads, scopeOf } from '#platform/queries/reads';
import { FacilityElement } from './facility-element.view';

const BEHIND = 'True if `waitFor`, or else what was recorded before the request, was not reached in time.';

/** The requested part of the hierarchy. */
@ArgsType()
class TreeQuery {
  /** A facility's id, or the id of an element: the root of the answer. */
  @IsString()
  @Matches(/^[a-z][a-z0-9]{0,31}(\.[A-Za-z0-9][A-Za-z0-9_-]{0,63})?$/, { message: '$property must be a facility or <facility>.<local>' })
  @Field(() => ID)
  @ApiProperty({ type: String, example: 'haifa' })
  readonly id: string;

  /** True to include retired elements; false when absent. */
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @Flag({ optional: true })
  readonly includeRetired?: boolean;

  /** Token of a receipt: the answer reflects that command, or has `behind: true`. */
  @Code({ optional: true })
  readonly waitFor?: string;
}

/** An element of the hierarchy and its depth below the requested one. */
@ObjectType('FacilityTreeElement', {})
class FacilityTreeElement {
  @Field(() => Int, { description: '0 for the requested element.' })
  @ApiProperty({ type: 'integer', description: '0 for the requested element.' })
  depth: number;

  @Field(() => FacilityElement)
  @ApiProperty({ type: FacilityElement })
  element: FacilityElement;
}

/** An element with all below it, each parent before its children. */
@ObjectType('FacilityTree', {})
class FacilityTree {
  @Field(() => [FacilityTreeElement])
  @ApiProperty({ type: [FacilityTreeElement] })
  items: FacilityTreeElement[];

  @Field(() => String, { description: 'Position of the log up to which the answer is complete.' })
  @ApiProperty({ type: String, description: 'Position of the log up to which the answer is complete.' })
  position: string;

  @Field(() => Boolean, { description: BEHIND })
  @ApiProperty({ type: Boolean, description: BEHIND })
  behind: boolean;
}

const columns = columnsOf(FacilityElement)
  .map((name) => (name === 'position' ? `element."position"::text AS "position"` : `element."${name}"`))
  .join(', ');

// The level rules keep the tree shallow; the bound only guards against a table that breaks them.
const statement = `
  WITH RECURSIVE below(id, depth, path) AS (
    SELECT "elementId", 0, ARRAY["elementId"] FROM facility_element WHERE "elementId" = $1 AND ${inScopes('"facilityId"', 2)}
    UNION ALL
    SELECT element."elementId", below.depth + 1, below.path || element."elementId"
    FROM below JOIN facility_element element ON element."parentId" = below.id
    WHERE below.depth < 10 AND (NOT element.retired OR $3)
  )
  SELECT below.depth AS __depth, ${columns} FROM below JOIN facility_element element ON element."elementId" = below.id ORDER BY below.path`;

/** The hierarchy of a plant as a tree. */
@Injectable()
export class FacilityTrees {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  async tree({ id, includeRetired = false, waitFor }: TreeQuery): Promise<FacilityTree> {
    const fresh = await this.reads.current(['facility-element'], waitFor, id);
    const rows = await this.reads.rows<FacilityElement & { __depth: number }>(statement, [
      id,
      scopeOf(caller(), scopeIn(id)),
      includeRetired,
    ]);
    if (rows.length === 0 && !fresh.behind) throw notFound();
    return { items: rows.map(({ __depth: depth, ...element }) => ({ depth, element })), ...fresh };
  }
}

@Controller('facility-tree')
@ApiTags('facility')
@ApiBearerAuth()
export class FacilityTreeController {
  constructor(@Inject(FacilityTrees) private readonly trees: FacilityTrees) {}

  /** An element of the hierarchy with all below it, each parent before its children. */
  @Get()
  @Allow(...ROLES)
  @ApiOperation({ operationId: 'facilityTree', summary: 'The hierarchy of a plant as a tree.' })
  @ApiOkResponse({ type: FacilityTree })
  facilityTree(@Query() query: TreeQuery): Promise<FacilityTree> {
    return this.trees.tree(query);
  }
}

@Resolver()
export class FacilityTreeResolver {
  constructor(@Inject(FacilityTrees) private readonly trees: FacilityTrees) {}

  @GraphQuery(() => FacilityTree, {
    name: 'facilityTree',
    description: 'An element of the hierarchy with all below it, each parent before its children.',
  })
  @Allow(...ROLES)
  async facilityTree(@Args() query: TreeQuery, @Context() context: GraphqlContext): Promise<FacilityTree> {
    return noteBehind(context, 'facilityTree', await this.trees.tree(query));
  }
}
