/**
 * Values of any JSON shape in GraphQL answers, for what has no fixed type: the state of any entity, the data of any event.
 * Hides: nothing. Promises: what REST says, GraphQL says. Does not: serve as input.
 */
import { CustomScalar, Scalar } from '@nestjs/graphql';
import { GraphQLError } from 'graphql';

@Scalar('Json')
export class Json implements CustomScalar<unknown, unknown> {
  description = 'Any JSON value.';
  serialize = (value: unknown): unknown => value;
  parseValue = (): never => refuse();
  parseLiteral = (): never => refuse();
}

function refuse(): never {
  throw new GraphQLError('Json is only for answers.');
}
