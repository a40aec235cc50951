/**
 * The answer of a list as one class for GraphQL and OpenAPI. Hides: naming it after its row. Promises: one class per row. Does not: fill it, or
 * limit its size (http/page-size.ts).
 */
import type { Type } from '@nestjs/common';
import { Field, ObjectType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';
import type { Page } from './list-reader';

export const WAIT_FOR = 'Token of a receipt: the answer reflects that command, or says that it is behind.';
const NEXT = 'Send it as `after` to get the next page; null on the last page.';
const POSITION = 'The answer reflects at least this position of the log.';
const BEHIND = 'True if `waitFor` was not reached in time.';

const pages = new Map<unknown, Type<Page<object>>>();

export function pageOf<Row extends object>(row: new () => Row): Type<Page<object>> {
  const known = pages.get(row);
  if (known) return known;

  @ObjectType(`${row.name}Page`)
  class RowPage {
    @Field(() => [row])
    @ApiProperty({ type: [row] })
    items: Row[];

    @Field(() => String, { nullable: true, description: NEXT })
    @ApiProperty({ type: String, nullable: true, description: NEXT })
    nextCursor: string | null;

    @Field(() => String, { description: POSITION })
    @ApiProperty({ type: String, description: POSITION })
    position: string;

    @Field(() => Boolean, { description: BEHIND })
    @ApiProperty({ type: Boolean, description: BEHIND })
    behind: boolean;
  }
  pages.set(row, named(RowPage, `${row.name}Page`));
  return RowPage;
}

/** OpenAPI and Nest use the name of a class, so each list needs its own name. */
export function named<T extends object>(type: T, name: string): T {
  Object.defineProperty(type, 'name', { value: name });
  return type;
}
