/**
 * How much one GraphQL document may ask for. Hides: the counting. Promises: a document that is too deep, too wide or too costly is refused before
 * anything is executed, in time linear in its length, fragments and their cycles included. Does not: limit how often (rate-limit.ts does).
 */
import {
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { PAGE } from './page-size';

export const LIMITS = { tokens: 2_000, depth: 10, aliases: 15, directives: 20, rootFields: 20, cost: 20_000 } as const;

type Size = Readonly<{ depth: number; cost: number; aliases: number; directives: number }>;

/** Rules beside those of the specification. `variables` are looked at where they say how many rows are wanted. */
export const limitRules = (variables: Readonly<Record<string, unknown>> | undefined | null, introspection: boolean): ValidationRule[] => [
  ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]),
  (context: ValidationContext): ASTVisitor => ({
    Document: {
      enter(document) {
        for (const fault of faultsOf(document, variables ?? {}, introspection, paged(context))) context.reportError(fault);
      },
    },
  }),
];

/** Which fields of Query are lists: those that take `first`. */
const paged = (context: ValidationContext) => {
  const fields = context.getSchema().getQueryType()?.getFields() ?? {};
  return (name: string): boolean => fields[name]?.args.some((argument) => argument.name === 'first') ?? false;
};

function faultsOf(
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  introspection: boolean,
  isPaged: (field: string) => boolean,
): GraphQLError[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const known = new Map<string, Size>();
  const nothing: Size = { depth: 0, cost: 0, aliases: 0, directives: 0 };

  const ofFragment = (name: string): Size => {
    const before = known.get(name);
    if (before) return before;
    // Also what a cycle finds: NoFragmentCycles reports it.
    known.set(name, nothing);
    const fragment = fragments.get(name);
    const size = fragment ? ofSet(fragment.selectionSet) : nothing;
    known.set(name, size);
    return size;
  };
  const rows = (field: FieldNode): number => {
    const first = field.arguments?.find(({ name }) => name.value === 'first')?.value;
    if (!first) return isPaged(field.name.value) ? PAGE.usual : 1;
    const asked = first.kind === Kind.INT ? Number(first.value) : first.kind === Kind.VARIABLE ? variables[first.name.value] : PAGE.usual;
    return typeof asked === 'number' && asked > 0 ? asked : PAGE.usual;
  };
  const ofField = (field: FieldNode): Size => {
    // Introspection is deep by nature; where it is allowed at all, it is not counted.
    if (introspection && field.name.value.startsWith('__')) return { ...nothing, cost: 1 };
    const inner = field.selectionSet ? ofSet(field.selectionSet) : nothing;
    return {
      depth: inner.depth + 1,
      cost: 1 + inner.cost * rows(field),
      aliases: inner.aliases + (field.alias ? 1 : 0),
      directives: inner.directives + (field.directives?.length ?? 0),
    };
  };
  const ofSet = ({ selections }: SelectionSetNode): Size => {
    const sum = { ...nothing } as { -readonly [K in keyof Size]: number };
    for (const selection of selections) {
      const size =
        selection.kind === Kind.FIELD
          ? ofField(selection)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? ofFragment(selection.name.value)
            : ofSet(selection.selectionSet);
      sum.depth = Math.max(sum.depth, size.depth);
      sum.cost += size.cost;
      sum.aliases += size.aliases;
      sum.directives += size.directives + (selection.kind === Kind.FIELD ? 0 : (selection.directives?.length ?? 0));
    }
    return sum;
  };

  const faults: GraphQLError[] = [];
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION) continue;
    const size = ofSet(node.selectionSet);
    const found = {
      ...size,
      directives: size.directives + (node.directives?.length ?? 0),
      rootFields: node.selectionSet.selections.length,
    };
    for (const what of ['depth', 'aliases', 'directives', 'rootFields', 'cost'] as const) {
      if (found[what] <= LIMITS[what]) continue;
      const message = `${what} of this query must be at most ${LIMITS[what]}, was ${found[what]}.`;
      faults.push(new GraphQLError(message, { extensions: { code: 'query-too-large', status: 400, limit: what } }));
    }
  }
  return faults;
}
