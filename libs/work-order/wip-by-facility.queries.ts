/**
 * Work in progress summed over orders. Hides: the SQL. Promises: exact sums of what the view work-in-progress shows, of the caller's
 * facilities only. Does not: page; there are as many rows as facilities make products at operations.
 */
import { Readable } from 'node:stream';
import { applyDecorators, Controller, Get, Inject, Query as Parameter, Res, type StreamableFile } from '@nestjs/common';
import { Args, Context, ID, ObjectType, Query, Resolver, Field, Int } from '@nestjs/graphql';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { FACILITY_ID } from '#manufacturing/facility';
import { Allow } from '#manufacturing/roles.access';
import { caller } from '#platform/security/auth';
import { invalidInput, refuseUnknown } from '#platform/problem/problem';
import { ApiCsv, csvFile, csvOf, csvOptionsIn } from '#platform/queries/csv';
import { noteBehind, type GraphqlContext } from '#platform/http/graphql-behind';
import { Decimal } from '#platform/commands/scalars';
import { sayFreshness } from '#platform/queries/list-reader';
import { WAIT_FOR } from '#platform/queries/list-page';
import { inScopes, Reads, scopeOf, type Freshness } from '#platform/queries/reads';

const READERS = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'] as const;

/** Work in progress at one operation of one product in one plant. */
@ObjectType('WipByFacility', {})
class WipByFacility {
  @Field(() => ID)
  @ApiProperty({ type: String })
  facilityId: string;

  @Field(() => String)
  @ApiProperty({ type: String })
  product: string;

  @Field(() => String)
  @ApiProperty({ type: String })
  operationId: string;

  @Field(() => String)
  @ApiProperty({ type: String })
  operation: string;

  @Field(() => String)
  @ApiProperty({ type: String })
  unit: string;

  @Field(() => Decimal, { description: 'Quantity passed on to the operation.' })
  @ApiProperty({ type: String })
  quantityIn: string;

  @Field(() => Decimal, { description: 'Quantity that left it, good or scrap.' })
  @ApiProperty({ type: String })
  quantityOut: string;

  @Field(() => Decimal)
  @ApiProperty({ type: String })
  good: string;

  @Field(() => Decimal)
  @ApiProperty({ type: String })
  scrap: string;

  @Field(() => Decimal, { description: 'Quantity in process at it.' })
  @ApiProperty({ type: String })
  inProcess: string;

  @Field(() => Int, { description: 'Orders that have started and are not over.' })
  @ApiProperty({ type: 'integer' })
  orders: number;

  @Field(() => Int, { description: 'Of those, orders with the operation under way on a machine.' })
  @ApiProperty({ type: 'integer' })
  running: number;
}

@ObjectType('WipByFacilityAnswer', {})
class WipByFacilityAnswer implements Freshness {
  @Field(() => [WipByFacility])
  @ApiProperty({ type: [WipByFacility] })
  items: WipByFacility[];

  @Field(() => String, { description: 'Position of the log up to which the answer is complete.' })
  @ApiProperty({ type: String })
  position: string;

  @Field(() => Boolean, { description: 'True if `waitFor` was not reached in time.' })
  @ApiProperty({ type: Boolean })
  behind: boolean;
}

const COLUMNS = [
  'facilityId',
  'product',
  'operationId',
  'operation',
  'unit',
  'quantityIn',
  'quantityOut',
  'good',
  'scrap',
  'inProcess',
  'orders',
  'running',
];

const SUMS = `
  SELECT "facilityId", product, "operationId", min(operation) AS operation, unit,
    trim_scale(sum("quantityIn"))::text AS "quantityIn", trim_scale(sum(good + scrap))::text AS "quantityOut", trim_scale(sum(good))::text AS good,
    trim_scale(sum(scrap))::text AS scrap, trim_scale(sum("inProcess"))::text AS "inProcess", count(*)::int AS orders, (count(*) FILTER (WHERE running))::int AS running
  FROM work_in_progress
  WHERE started AND ${inScopes('"facilityId"', 1)} AND ($2::text IS NULL OR "facilityId" = $2) AND ($3::text IS NULL OR product = $3)
  GROUP BY "facilityId", product, "operationId", unit
  ORDER BY "facilityId", product, min(sequence), "operationId", unit`;

async function sums(reads: Reads, facilityId: unknown, product: unknown, waitFor: unknown): Promise<WipByFacilityAnswer> {
  const asked = (field: string, value: unknown, valid: (text: string) => boolean): string | null => {
    if (value === undefined || value === null || value === '') return null;
    if (typeof value === 'string' && valid(value)) return value;
    throw invalidInput([{ field, message: `${field} is not valid` }]);
  };
  const facility = asked('facilityId', facilityId, (text) => FACILITY_ID.test(text));
  const what = asked('product', product, (text) => text.length <= 64 && !text.includes('\0'));
  const token = asked('waitFor', waitFor, () => true) ?? undefined;
  const fresh = await reads.fresh(['work-in-progress'], token);
  return { items: await reads.rows<WipByFacility>(SUMS, [scopeOf(caller(), facility), facility, what]), ...fresh };
}

const ApiQuestions = () =>
  applyDecorators(
    ...['facilityId', 'product'].map((name) => ApiQuery({ name, required: false, type: String })),
    ApiQuery({ name: 'waitFor', required: false, type: String, description: WAIT_FOR }),
  );

@Controller('wip-by-facility')
@ApiTags('work-in-progress')
@ApiBearerAuth()
export class WipByFacilityController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  /** Work in progress by plant, product and operation. */
  @Get()
  @Allow(...READERS)
  @ApiOperation({ operationId: 'wipByFacility', summary: 'Work in progress by plant, product and operation.' })
  @ApiQuestions()
  @ApiOkResponse({ type: WipByFacilityAnswer })
  async wipByFacility(@Parameter() words: Record<string, unknown>): Promise<WipByFacilityAnswer> {
    refuseUnknown(words, 'facilityId', 'product', 'waitFor');
    return sums(this.reads, words.facilityId, words.product, words.waitFor);
  }
}

/** The same as a spreadsheet. */
@Controller('wip-by-facility.csv')
@ApiTags('work-in-progress')
@ApiBearerAuth()
export class WipByFacilityCsvController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  @Get()
  @Allow(...READERS)
  @ApiOperation({ operationId: 'wipByFacilityCsv', summary: 'Work in progress by plant, product and operation, as CSV.' })
  @ApiQuestions()
  @ApiCsv()
  async wipByFacilityCsv(
    @Parameter() words: Record<string, unknown>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const { options, others } = csvOptionsIn(words);
    refuseUnknown(others, 'facilityId', 'product', 'waitFor');
    const { items, ...fresh } = await sums(this.reads, others.facilityId, others.product, others.waitFor);
    sayFreshness(reply, fresh);
    return csvFile(Readable.from(items).pipe(csvOf(COLUMNS, options)), 'wip-by-facility');
  }
}

@Resolver()
export class WipByFacilityResolver {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  /** Work in progress by plant, product and operation. */
  @Query(() => WipByFacilityAnswer, { description: 'Work in progress by plant, product and operation.' })
  @Allow(...READERS)
  async wipByFacility(
    @Context() context: GraphqlContext,
    @Args('facilityId', { type: () => ID, nullable: true }) facilityId?: string,
    @Args('product', { type: () => String, nullable: true }) product?: string,
    @Args('waitFor', { type: () => String, nullable: true }) waitFor?: string,
  ): Promise<WipByFacilityAnswer> {
    return noteBehind(context, 'wipByFacility', await sums(this.reads, facilityId, product, waitFor));
  }
}
