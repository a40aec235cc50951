/**
 * The scalars of the GraphQL schema, so that generated clients use separate types for amounts and instants. Hides: nothing. Promises: REST and
 * GraphQL have the same values, character by character. Does not: check more than that a value is a string: command fields and list filters do,
 * so that both APIs refuse with the same texts.
 */
import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

function stringOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new GraphQLError(`${name} must be a string, was a ${value === null ? 'null' : typeof value}.`);
}

const textual = (name: string, description: string, specifiedByURL?: string) =>
  new GraphQLScalarType<string, string>({
    name,
    description,
    specifiedByURL,
    serialize: (value) => stringOf(name, value),
    parseValue: (value) => stringOf(name, value),
    parseLiteral(node: ValueNode) {
      if (node.kind === Kind.STRING) return node.value;
      throw new GraphQLError(`${name} must be a string, e.g. "${'value' in node ? String(node.value) : '…'}" in quotes.`, { nodes: node });
    },
  });

/** An exact amount; a float would lose digits. */
export const Decimal = textual('Decimal', 'Exact decimal number as a string, e.g. "12.5".');

/** Input with any offset; answers in UTC. */
export const DateTime = textual(
  'DateTime',
  'Instant by ISO 8601 with offset, e.g. "2026-01-05T08:00:00+02:00". Answers are in UTC.',
  'https://scalars.graphql.org/andimarek/date-time.html',
);

/** Values of any shape in answers, for what has no fixed type: the state of any entity, the data of any event. */
export const Json = new GraphQLScalarType({
  name: 'Json',
  description: 'Any JSON value. Only in answers.',
  serialize: (value: unknown): unknown => value,
  parseValue: () => refuse(),
  parseLiteral: () => refuse(),
});

function refuse(): never {
  throw new GraphQLError('Json is only for answers.');
}
