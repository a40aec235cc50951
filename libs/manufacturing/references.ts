import type { Context, Regard } from '#kernel/decider';
import type { Event } from '#kernel/event';
import { streamOf } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';

/** What ids and codes in commands refer to. */
export const ReferenceKind = {
  Equipment: 'Equipment',
  EquipmentClass: 'EquipmentClass',
  Material: 'Material',
  ReasonCode: 'ReasonCode',
  Person: 'Person',
  WorkOrder: 'WorkOrder',
  ProductionOrder: 'ProductionOrder',
} as const;
export type ReferenceKind = keyof typeof ReferenceKind;

/** A thing by its kind and its id, or its code within the plant. */
export type Reference = Readonly<{ kind: ReferenceKind; id: string }>;
/** A reference that leads nowhere, or to a thing that is no longer in use. */
export type Missing = Reference & Readonly<{ retired: boolean }>;

/** What a plant says of itself: for which kinds it checks references; absent where nobody has decided. */
export type FacilityTold = Readonly<{ checks: Readonly<Partial<Record<ReferenceKind, boolean>>> }>;
/** What a thing that can be retired says of itself. */
type Told = Readonly<{ retired?: boolean }> | null | undefined;

/** Ids of these are qualified by the plant; the others are codes within it. */
const CATEGORIES: Readonly<Partial<Record<ReferenceKind, string>>> = {
  Equipment: 'equipment',
  WorkOrder: 'work-order',
  ProductionOrder: 'production-order',
};

/** Id of a code of the plant's master data. */
export const masterDataId = (facility: string, kind: ReferenceKind, code: string): string => `${facility}.${kind}.${code}`;

export const streamOfReference = (facility: string, { kind, id }: Reference): string => {
  const category = CATEGORIES[kind];
  return category ? streamOf(category, id) : streamOf('master-data', masterDataId(facility, kind, id));
};

const facilityTold = ({ regarded }: Pick<Context, 'regarded'>, facility: string): FacilityTold | null | undefined =>
  regarded?.[streamOf('facility', facility)] as FacilityTold | null | undefined;

/** The streams that tell whether references lead somewhere. */
export const regardsOf = (facility: string, references: readonly Reference[]): Regard[] => [
  { stream: streamOf('facility', facility) },
  ...[...new Set(references.map((reference) => streamOfReference(facility, reference)))].map((stream) => ({ stream })),
];

/** The references that lead nowhere, of the kinds that the plant checks. */
function missingOf(context: Pick<Context, 'regarded'>, facility: string, references: readonly Reference[]): Missing[] {
  const checks = facilityTold(context, facility)?.checks ?? {};
  return references.flatMap((reference) => {
    if (checks[reference.kind] !== true) return [];
    const told = context.regarded?.[streamOfReference(facility, reference)] as Told;
    if (told === undefined || (told && !told.retired)) return [];
    return [{ ...reference, retired: told !== null }];
  });
}

/** Whether this is the first thing of its kind in a registered plant, so that references to the kind are to be checked from now on. */
export const isFirstOfKind = (context: Pick<Context, 'regarded'>, facility: string, kind: ReferenceKind): boolean => {
  const told = facilityTold(context, facility);
  return Boolean(told) && told!.checks[kind] === undefined;
};

const words = (kind: ReferenceKind): string => kind.replace(/(?!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();

/** @throws Rejected <kind>-unknown, <kind>-retired */
function rejectMissing(missing: readonly Missing[]): void {
  const [first] = missing;
  if (!first) return;
  const { kind, id, retired } = first;
  const name = words(kind);
  throw new Rejected(
    `${name.replaceAll(' ', '-')}-${retired ? 'retired' : 'unknown'}`,
    retired
      ? `The ${name} ${id} is no longer in use. Name another one.`
      : `The plant has no ${name} ${id}. Register it first, or let an engineer switch the check off (facility/check-references).`,
    { missing },
  );
}

/* eslint-disable @typescript-eslint/no-explicit-any */
type Decide = Readonly<Record<string, (command: any, state: any, context: Context) => readonly Event[]>>;
type References = Readonly<Record<string, (command: any) => readonly Reference[]>>;
type Checked = Readonly<{
  /** The plant that a command concerns. */
  facility: (command: any) => string;
  /** The references in each command that has some. */
  references: References;
  /** The exception that stands beside a fact whose reference leads nowhere, by the fact's event. Commands without it are refused. */
  flags?: Readonly<Record<string, (fact: any, missing: Missing) => Event>>;
}>;

/**
 * Decisions whose references are checked: a command is refused, a fact gets an exception beside it. What changes nothing is not checked, so
 * that a command that comes again gets its answer.
 */
export function checking<D extends object>(decide: D, { facility, references, flags = {} }: Checked): D {
  const checked = Object.entries(references).map(([name, referencesIn]) => [
    name,
    (command: any, state: any, context: Context): readonly Event[] => {
      const events = (decide as Decide)[name]!(command, state, context);
      if (events.length === 0) return events;
      const missing = missingOf(context, facility(command), referencesIn(command));
      const fact = events.find(({ type }) => Object.hasOwn(flags, type));
      if (fact) return [...events, ...missing.map((each) => flags[fact.type]!(fact.data, each))];
      rejectMissing(missing);
      return events;
    },
  ]);
  return { ...decide, ...Object.fromEntries(checked) } as D;
}
/* eslint-enable @typescript-eslint/no-explicit-any */

/** The references of those kinds whose ids are given. */
export const referring = (...ids: readonly (readonly [kind: ReferenceKind, id: string | null | undefined])[]): Reference[] =>
  ids.flatMap(([kind, id]) => (id ? [{ kind, id }] : []));
