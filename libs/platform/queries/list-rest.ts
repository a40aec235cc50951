/**
 * A list in REST. Hides: parameters, headers, CSV and Parquet by path or by Accept. Promises: GET /path, /path.csv, /path.parquet and, if single rows can be queried,
 * /path/:id with an ETag. Does not: check parameters: no pipe validates them, list-request.ts does.
 */
import { applyDecorators, Controller, Get, Headers, Inject, Param, Query, Res, type StreamableFile, type Type } from '@nestjs/common';
import { ApiBearerAuth, ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { PAGE } from '#platform/http/page-size';
import { notFound, refuseUnknown } from '#platform/problem/problem';
import { Allow } from '#platform/security/access';
import { ApiCsv, csvOptionsIn } from './csv';
import { sayFreshness, type ListOptions, type Page, type Reader } from './list-reader';
import { named, pageOf, WAIT_FOR } from './list-page';
import type { Asked, Question } from './list-request';
import { ApiParquet, PARQUET_TYPE } from './parquet';
import { Reads } from './reads';

const OTHER_FORMATS = `With \`Accept: text/csv\` or \`${PARQUET_TYPE}\`: the same as the path ending in .csv or .parquet.`;

type Words = Readonly<Record<string, unknown>>;

const ApiWaitFor = () => ApiQuery({ name: 'waitFor', required: false, type: String, description: WAIT_FOR });

/** The parameters of the list, in OpenAPI. */
const ApiQuestions = (questions: readonly Question[], orders: readonly string[]) =>
  applyDecorators(
    ...questions.map(parameterOf),
    ApiQuery({ name: 'sort', required: false, enum: orders as string[] }),
    ApiQuery({ name: 'first', required: false, schema: { type: 'integer', minimum: 1, maximum: PAGE.most, default: PAGE.usual } }),
    ApiQuery({ name: 'after', required: false, type: String, description: 'The nextCursor of the previous page.' }),
    ApiWaitFor(),
  );

export function controllerOf<Row extends object>(
  row: new () => Row,
  reader: Reader<Row>,
  { path, one, many, roles, about }: ListOptions<Row>,
): Type<object> {
  const { questions, orders } = reader.requests;

  @Controller()
  @ApiTags(path.split('/')[0]!)
  @ApiBearerAuth()
  class ListController {
    constructor(@Inject(Reads) readonly reads: Reads) {}

    @Get(path)
    @Allow(...roles)
    @ApiOperation({ operationId: many, summary: about })
    @ApiQuestions(questions, orders)
    @ApiOkResponse({ type: pageOf(row), description: OTHER_FORMATS })
    async list(
      @Query() words: Words,
      @Headers('accept') accept: string | undefined,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): Promise<Page<Row> | StreamableFile> {
      if (/\btext\/csv\b/.test(accept ?? '')) return this.csv(words, reply);
      if ((accept ?? '').includes(PARQUET_TYPE)) return this.parquet(words, reply);
      return reader.page(this.reads, askedBy(words, questions), words.waitFor);
    }

    @Get(`${path}.csv`)
    @Allow(...roles)
    @ApiOperation({ operationId: `${many}Csv`, summary: `${about} All rows as CSV.` })
    @ApiQuestions(questions, orders)
    @ApiCsv()
    csv(@Query() words: Words, @Res({ passthrough: true }) reply: FastifyReply): Promise<StreamableFile> {
      const { options, others } = csvOptionsIn(words);
      return reader.csv(this.reads, askedBy(others, questions), others.waitFor, options, reply);
    }

    @Get(`${path}.parquet`)
    @Allow(...roles)
    @ApiOperation({ operationId: `${many}Parquet`, summary: `${about} All rows as Parquet.` })
    @ApiQuestions(questions, orders)
    @ApiParquet()
    parquet(@Query() words: Words, @Res({ passthrough: true }) reply: FastifyReply): Promise<StreamableFile> {
      return reader.parquet(this.reads, askedBy(words, questions), words.waitFor, reply);
    }
  }
  if (!one) return named(ListController, `${path}-list`);

  @Controller()
  @ApiTags(path.split('/')[0]!)
  @ApiBearerAuth()
  class ListWithOneController extends ListController {
    @Get(`${path}/:id`)
    @Allow(...roles)
    @ApiOperation({ operationId: `${one}ById`, summary: `${about} By id, as it is now.` })
    @ApiParam({ name: 'id', type: String })
    @ApiWaitFor()
    @ApiOkResponse({ type: row })
    @ApiNotFoundResponse({ description: 'It does not exist, or is outside your facilities.' })
    async one(@Param('id') id: string, @Query() words: Words, @Res({ passthrough: true }) reply: FastifyReply): Promise<Row> {
      refuseUnknown(words, 'waitFor');
      const { row: found, fresh } = await reader.one(this.reads, id, words.waitFor);
      sayFreshness(reply, fresh);
      if (!found) throw notFound();
      const { revision } = found as { revision?: unknown };
      if (revision !== undefined && revision !== null) reply.header('etag', `"${revision as string}"`);
      return found;
    }
  }
  return named(ListWithOneController, `${path}-list`);
}

/** Kinds whose values never contain a comma, so that one parameter can hold several. */
const LISTED = new Set(['key', 'id', 'ids', 'oneOf', 'whole', 'position', 'flag']);
const isListed = ({ bound, kind, cell }: Question): boolean => !bound && (kind === 'named' || LISTED.has(cell.kind));

/** Parameters as filters; several values are separated by commas if values cannot contain one. */
function askedBy(words: Words, questions: readonly Question[]): Asked {
  const { sort, first, after, waitFor: _, ...rest } = words;
  const valuesOf = (name: string, value: unknown): unknown => {
    const question = questions.find((candidate) => candidate.name === name);
    // A repeated parameter is refused: it is unclear which one was meant.
    if (typeof value !== 'string') return Array.isArray(value) ? [] : value;
    return question && isListed(question) ? value.split(',') : value;
  };
  return { filter: Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, valuesOf(name, value)])), sort, first, after };
}

const SCHEMAS: Readonly<Record<string, object>> = {
  whole: { type: 'integer' },
  flag: { type: 'boolean' },
  instant: { type: 'string', format: 'date-time' },
};

function parameterOf(question: Question): MethodDecorator {
  const { name, cell, bound } = question;
  const item = cell.list ? { type: 'string', enum: Object.values(cell.list) } : (SCHEMAS[cell.kind] ?? { type: 'string' });
  return ApiQuery({
    name,
    required: false,
    ...(isListed(question) ? { explode: false, style: 'form', schema: { type: 'array', items: item } } : { schema: item }),
    ...(bound ? { description: bound === '<' ? 'Exclusive.' : 'Inclusive.' } : {}),
  } as never);
}
