/**
 * A question with one answer, by REST and GraphQL. Hides: two frameworks' decorators. Promises: both offer the same, to the same roles. Does not:
 * check the question: its class does.
 */
import { Controller, Get, Inject, Query as Parameter, type Type } from '@nestjs/common';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow } from '#manufacturing/roles.access';
import { noteBehind, type GraphqlContext } from '#platform/http/graphql-behind';
import { named } from '#platform/queries/list-page';
import type { Freshness } from '#platform/queries/reads';
import { READERS } from './kpi.scope';

type Reading<Question extends object, Answer extends Freshness, Reader extends object> = Readonly<{
  /** Path in REST, without a leading slash. */
  path: string;
  /** Name of the query in GraphQL. */
  name: string;
  /** One sentence for the API descriptions. */
  about: string;
  question: Type<Question>;
  answer: Type<Answer>;
  /** The provider that reads. */
  reader: Type<Reader>;
  read: (reader: Reader, question: Question) => Promise<Answer>;
}>;

export function kpiReading<Question extends object, Answer extends Freshness, Reader extends object>({
  path,
  name,
  about,
  question,
  answer,
  reader,
  read,
}: Reading<Question, Answer, Reader>): Readonly<{ controller: Type<object>; resolver: Type<object> }> {
  // The pipe that checks the parameters reads their class from the metadata of the method.
  const ofClass = Reflect.metadata('design:paramtypes', [question, Object]) as MethodDecorator;

  @Controller(path)
  @ApiTags(path.split('/')[0]!)
  @ApiBearerAuth()
  class KpiController {
    constructor(@Inject(reader) private readonly reader: Reader) {}

    @Get()
    @Allow(...READERS)
    @ApiOperation({ operationId: name, summary: about })
    @ApiOkResponse({ type: answer })
    @ofClass
    ask(@Parameter() asked: Question): Promise<Answer> {
      return read(this.reader, asked);
    }
  }

  @Resolver()
  class KpiResolver {
    constructor(@Inject(reader) private readonly reader: Reader) {}

    @Query(() => answer, { name, description: about })
    @Allow(...READERS)
    @ofClass
    async ask(@Args({ type: () => question }) asked: Question, @Context() context: GraphqlContext): Promise<Answer> {
      return noteBehind(context, name, await read(this.reader, asked));
    }
  }
  return { controller: named(KpiController, `${name}-controller`), resolver: named(KpiResolver, `${name}-resolver`) };
}
