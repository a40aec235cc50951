/**
 * How much one GraphQL document may ask for. Hides: the counting. Promises: a document that is too deep, too wide or too costly is refused before
 * it is validated or executed, in time linear in its length, fragments and their cycles included. Does not: limit how often (rate-limit.ts does).
 */
import {
  getIntrospectionQuery,
  getNamedType,
  GraphQLError,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { PAGE } from './page-size';

/**
 * `characters`: also white space, comments and long texts, which are few tokens. `repeats`: fields that are repeated in one selection, and
 * fragment spreads; validation compares each with each.
 */
export const LIMITS = {
  characters: 65_536,
  tokens: 2_000,
  depth: 10,
  aliases: 15,
  directives: 20,
  rootFields: 20,
  repeats: 30,
  operations: 10,
  cost: 20_000,
} as const;

/** What the whole introspection costs, as tools ask for it: of the cost of a document, and in requests of the caller. */
const INTROSPECTION = { cost: LIMITS.cost / 2, requests: 20 };

/** Assumed number of items in a list without pages. */
const ITEMS_OF_A_LIST = 10;

type Size = Readonly<{ depth: number; cost: number; aliases: number; directives: number; repeats: number }>;
type Variables = Readonly<Record<string, unknown>>;
type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;
const NOTHING: Size = { depth: 0, cost: 0, aliases: 0, directives: 0, repeats: 0 };

const fault = (limit: keyof typeof LIMITS, found: number) => {
  const what =
    limit === 'rootFields' ? 'number of root fields' : ['characters', 'operations'].includes(limit) ? `number of ${limit}` : limit;
  return new GraphQLError(`The ${what} of this query is ${found}, more than ${LIMITS[limit]}.`, {
    extensions: { code: 'query-too-large', status: 400, limit },
  });
};

/** The text is longer than any document of LIMITS.tokens tokens needs to be. */
export const tooLong = (source: string): GraphQLError[] => (source.length > LIMITS.characters ? [fault('characters', source.length)] : []);

/** The limits that a document exceeds; empty if it exceeds none. `variables` count if they give the number of rows. */
export function tooMuch(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Variables | undefined | null,
  introspection: boolean,
): GraphQLError[] {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (operations.length > LIMITS.operations) return [fault('operations', operations.length)];
  const fragments = fragmentsOf(document);
  return operations.flatMap((operation) => {
    const given = { ...defaultsOf(operation), ...variables };
    const root = schema.getRootType(operation.operation) ?? undefined;
    const size = new Sizes(schema, fragments, given, introspection).ofSet(operation.selectionSet, root, false);
    const found = {
      ...size,
      directives: size.directives + (operation.directives?.length ?? 0),
      rootFields: fieldsOf(operation.selectionSet, fragments),
    };
    return (['depth', 'aliases', 'directives', 'rootFields', 'repeats', 'cost'] as const)
      .filter((limit) => found[limit] > LIMITS[limit])
      .map((limit) => fault(limit, found[limit]));
  });
}

/** How many commands or queries a document holds at most in one operation: each counts as a request. */
export function requestsIn(document: DocumentNode): number {
  const fragments = fragmentsOf(document);
  const requestsOf = ({ name }: FieldNode) => (name.value === '__schema' || name.value === '__type' ? INTROSPECTION.requests : 1);
  const counts = document.definitions.map((node) =>
    node.kind === Kind.OPERATION_DEFINITION ? fieldsOf(node.selectionSet, fragments, requestsOf) : 0,
  );
  return Math.max(1, ...counts);
}

const fragmentsOf = ({ definitions }: DocumentNode): Fragments =>
  new Map(definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [])));

/** The fields of a selection with its fragments spread out; `counts`: for how many each counts. */
function fieldsOf(
  { selections }: SelectionSetNode,
  fragments: Fragments,
  counts: (field: FieldNode) => number = () => 1,
  known = new Map<string, number>(),
): number {
  const ofFragment = (name: string): number => {
    const before = known.get(name);
    if (before !== undefined) return before;
    // Also what a cycle finds: NoFragmentCycles reports it.
    known.set(name, 0);
    const fragment = fragments.get(name);
    const count = fragment ? fieldsOf(fragment.selectionSet, fragments, counts, known) : 0;
    known.set(name, count);
    return count;
  };
  return selections.reduce(
    (sum, selection) =>
      sum +
      (selection.kind === Kind.FIELD
        ? counts(selection)
        : selection.kind === Kind.FRAGMENT_SPREAD
          ? ofFragment(selection.name.value)
          : fieldsOf(selection.selectionSet, fragments, counts, known)),
    0,
  );
}

const defaultsOf = ({ variableDefinitions = [] }: OperationDefinitionNode): Variables =>
  Object.fromEntries(
    variableDefinitions.map(({ variable, defaultValue }) => [variable.name.value, defaultValue ? plainOf(defaultValue, {}) : undefined]),
  );

/** The relevant parts of a value: numbers, and `first` within objects. */
function plainOf(node: ValueNode, variables: Variables): unknown {
  if (node.kind === Kind.INT) return Number(node.value);
  if (node.kind === Kind.VARIABLE) return variables[node.name.value];
  if (node.kind !== Kind.OBJECT) return undefined;
  const first = node.fields.find(({ name }) => name.value === 'first');
  return first ? { first: plainOf(first.value, variables) } : {};
}

class Sizes {
  private readonly known = new Map<string, Size>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fragments: Fragments,
    private readonly variables: Variables,
    private readonly introspection: boolean,
  ) {}

  /** `counted`: the field above gave the number of items of a list in this set. */
  ofSet({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined, counted: boolean): Size {
    const sum = { ...NOTHING } as { -readonly [K in keyof Size]: number };
    const names = new Set<string>();
    for (const selection of selections) {
      const size =
        selection.kind === Kind.FIELD
          ? this.ofField(selection, type, counted)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? this.ofFragment(selection.name.value, counted)
            : this.ofSet(selection.selectionSet, type, counted);
      sum.depth = Math.max(sum.depth, size.depth);
      for (const what of ['cost', 'aliases', 'directives', 'repeats'] as const) sum[what] += size[what];
      if (selection.kind !== Kind.FIELD) {
        sum.directives += selection.directives?.length ?? 0;
        sum.repeats += 1;
        continue;
      }
      const name = selection.alias?.value ?? selection.name.value;
      if (names.has(name)) sum.repeats += 1;
      names.add(name);
    }
    return sum;
  }

  private ofFragment(name: string, counted: boolean): Size {
    const before = this.known.get(name);
    if (before) return before;
    // A cycle gets here, too: NoFragmentCycles reports it.
    this.known.set(name, NOTHING);
    const fragment = this.fragments.get(name);
    const size = fragment ? this.ofSet(fragment.selectionSet, this.schema.getType(fragment.typeCondition.name.value), counted) : NOTHING;
    this.known.set(name, size);
    return size;
  }

  private ofField(node: FieldNode, type: GraphQLNamedType | undefined, counted: boolean): Size {
    if (this.introspection && node.name.value.startsWith('__')) return this.ofIntrospection(node);
    const field = isObjectType(type) ? type.getFields()[node.name.value] : undefined;
    const pages = this.pageOf(node, field);
    const returned = field && (isNonNullType(field.type) ? field.type.ofType : field.type);
    const times = pages ?? (isListType(returned) && !counted ? this.itemsOf(field!.name, type) : 1);
    const inner = node.selectionSet ? this.ofSet(node.selectionSet, field && getNamedType(field.type), pages !== undefined) : NOTHING;
    return {
      depth: inner.depth + 1,
      cost: 1 + inner.cost * times,
      aliases: inner.aliases + (node.alias ? 1 : 0),
      directives: inner.directives + (node.directives?.length ?? 0),
      repeats: inner.repeats,
    };
  }

  /** Introspection is deep by nature: its depth is not counted. The whole of it, as tools ask for it, is half of what a document may cost. */
  private ofIntrospection(node: FieldNode): Size {
    const aliases = node.alias ? 1 : 0;
    if (!node.selectionSet) return { ...NOTHING, cost: 1, aliases };
    const size = this.introspected(node);
    const cost = Math.ceil((size.cost * INTROSPECTION.cost) / wholeIntrospection(this.schema));
    return { ...size, depth: 0, cost, aliases: size.aliases + aliases };
  }

  introspected({ name, selectionSet }: FieldNode): Size {
    return this.ofSet(selectionSet!, this.schema.getType(name.value === '__type' ? '__Type' : '__Schema'), false);
  }

  private itemsOf(field: string, type: GraphQLNamedType | undefined): number {
    return type?.name === '__Schema' && field === 'types' ? Object.keys(this.schema.getTypeMap()).length : ITEMS_OF_A_LIST;
  }

  /** Number of rows asked for, by `first` or an input with `first`; undefined if the field has no pages. */
  private pageOf(node: FieldNode, field: GraphQLField<unknown, unknown> | undefined): number | undefined {
    let asked: unknown;
    for (const { name, value } of node.arguments ?? []) {
      const plain = plainOf(value, this.variables);
      const first = name.value === 'first' ? plain : (plain as { first?: unknown } | null | undefined)?.first;
      if (first !== undefined) asked = first;
    }
    if (typeof asked === 'number' && asked > 0) return asked;
    const paged = field?.args.some(({ name, type }) => {
      const input = getNamedType(type);
      return name === 'first' || (isInputObjectType(input) && 'first' in input.getFields());
    });
    return paged || asked !== undefined ? PAGE.usual : undefined;
  }
}

const wholes = new WeakMap<GraphQLSchema, number>();
/** The cost of the whole introspection of a schema, unscaled. */
function wholeIntrospection(schema: GraphQLSchema): number {
  let whole = wholes.get(schema);
  if (whole === undefined) {
    const document = parse(getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true, specifiedByUrl: true }));
    const [operation] = document.definitions as [OperationDefinitionNode];
    const [field] = operation.selectionSet.selections as [FieldNode];
    whole = new Sizes(schema, fragmentsOf(document), {}, true).introspected(field).cost;
    wholes.set(schema, whole);
  }
  return whole;
}
