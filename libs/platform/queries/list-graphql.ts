/**
 * A list in GraphQL. Hides: inputs, enums and pages made from its cells. Promises: the same list as REST; if the client does not select `behind`,
 * an answer that is behind says so in `extensions`. Does not: check arguments beyond their types: list-request.ts does.
 */
import { Inject, type Type } from '@nestjs/common';
import {
  Args,
  Context,
  Field,
  ID,
  InputType,
  Int,
  ObjectType,
  Query,
  registerEnumType,
  Resolver,
  Subscription,
  type ReturnTypeFunc,
} from '@nestjs/graphql';
import { noteBehind, type GraphqlContext } from '#platform/http/graphql-behind';
import { DateTime, Decimal } from '#platform/commands/scalars';
import { PAGE } from '#platform/http/page-size';
import { Allow } from '#platform/security/access';
import { caller } from '#platform/security/auth';
import type { ListOptions, Page, Reader } from './list-reader';
import { named, pageOf, WAIT_FOR } from './list-page';
import type { Question } from './list-request';
import { Reads } from './reads';
import { Moves, type Move } from './row-changes';

const waitForArgument = { type: () => String, nullable: true, description: WAIT_FOR };

export function resolverOf<Row extends object>(
  row: new () => Row,
  reader: Reader<Row>,
  { one, many, moved, roles, about }: ListOptions<Row>,
): Type<object> {
  const { questions, orders } = reader.requests;
  const filter = filterOf(row, questions);
  const sort = Object.fromEntries(orders.map((order) => [order, order]));
  registerEnumType(sort, { name: `${row.name}Sort` });

  @Resolver()
  class ListResolver {
    constructor(
      @Inject(Reads) readonly reads: Reads,
      @Inject(Moves) readonly moves: Moves,
    ) {}

    @Query(() => pageOf(row), { name: many, description: about })
    @Allow(...roles)
    async list(
      @Args('filter', { type: () => filter, nullable: true }) asked: object | undefined,
      @Args('sort', { type: () => sort, nullable: true }) order: string | undefined,
      @Args('first', { type: () => Int, nullable: true, defaultValue: PAGE.usual, description: `At most ${PAGE.most}.` }) first: number,
      @Args('after', { type: () => String, nullable: true, description: 'The nextCursor of the previous page.' }) after: string | undefined,
      @Args('waitFor', waitForArgument) waitFor: string | undefined,
      @Context() context: GraphqlContext,
    ): Promise<Page<Row>> {
      const page = await reader.page(this.reads, { filter: asked as Record<string, unknown>, sort: order, first, after }, waitFor);
      noteBehind(context, many, page);
      return page;
    }
  }
  const withOne = one ? withOneOf(ListResolver, row, reader, one, roles, about) : ListResolver;
  const whole = moved ? withMovesOf(withOne, row, reader, moved, roles, about) : withOne;
  return named(whole, `${row.name}Resolver`);
}

type Parts = Type<Readonly<{ reads: Reads; moves: Moves }>>;
type Roles = ListOptions<object>['roles'];

function withOneOf<Row extends object>(
  base: Parts,
  row: new () => Row,
  reader: Reader<Row>,
  one: string,
  roles: Roles,
  about: string,
): Parts {
  const description = `${about} By id, as it is now; null if there is none in your facilities.`;

  @Resolver()
  class OneResolver extends base {
    @Query(() => row, { name: one, nullable: true, description })
    @Allow(...roles)
    async one(
      @Args('id', { type: () => ID }) id: string,
      @Args('waitFor', waitForArgument) waitFor: string | undefined,
      @Context() context: GraphqlContext,
    ): Promise<Row | null> {
      const { row: found, fresh } = await reader.one(this.reads, id, waitFor);
      noteBehind(context, one, fresh);
      return found ?? null;
    }
  }
  return OneResolver;
}

function withMovesOf<Row extends object>(
  base: Parts,
  row: new () => Row,
  reader: Reader<Row>,
  moved: string,
  roles: Roles,
  about: string,
): Parts {
  const move = moveOf(row);
  const description = `${about} Sends each row after it changed.`;

  @Resolver()
  class MovesResolver extends base {
    @Subscription(() => move, { name: moved, description, resolve: (told: Move<Row>) => told })
    @Allow(...roles)
    moved(
      @Args('ids', { type: () => [ID], nullable: true, description: 'Only these; all in your scope if absent.' }) ids: string[] | undefined,
      @Args(reader.requests.scope, { type: () => ID, nullable: true }) scope: string | undefined,
    ): AsyncIterableIterator<Move<Row>> {
      return this.moves.watch<Row>(reader.view, reader.requests, caller(), { ids, scope });
    }
  }
  return MovesResolver;
}

const SCALARS: Readonly<Record<string, ReturnTypeFunc>> = {
  key: () => ID,
  id: () => ID,
  ids: () => ID,
  whole: () => Int,
  flag: () => Boolean,
  instant: () => DateTime,
  amount: () => Decimal,
};

/** The GraphQL input for the filters of a list; fields of closed lists are enums. */
function filterOf<Row extends object>(row: new () => Row, questions: readonly Question[]): Type<object> {
  class Filter {}
  for (const { name, cell, bound } of questions) {
    const type: ReturnTypeFunc = cell.list ? () => cell.list as object : (SCALARS[cell.kind] ?? (() => String));
    const description = bound && (bound === '<' ? 'Exclusive.' : 'Inclusive.');
    Field(bound ? type : () => [(type as () => never)()], { nullable: true, ...(description && { description }) })(Filter.prototype, name);
  }
  InputType(`${row.name}Filter`)(Filter);
  return named(Filter, `${row.name}Filter`);
}

function moveOf<Row extends object>(row: new () => Row): Type<Move<Row>> {
  @ObjectType(`${row.name}Move`)
  class RowMove {
    @Field(() => ID)
    id: string;

    @Field(() => row, { nullable: true, description: 'Null if it no longer exists.' })
    row: Row | null;

    @Field(() => String, { description: 'This reflects at least this position of the log.' })
    position: string;
  }
  return named(RowMove, `${row.name}Move`);
}
