import type { Context, Regard } from '#kernel/decider';
import type { Event } from '#kernel/event';
import { streamOf } from '#kernel/identity';
import { facilityOf } from '#manufacturing/facility';
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
  /** A place in the plant's hierarchy. */
  Element: 'Element',
} as const;
export type ReferenceKind = keyof typeof ReferenceKind;

/** A thing by its kind and its id, or its code within the plant. */
export type Reference = Readonly<{ kind: ReferenceKind; id: string }>;
/** A reference that leads nowhere, or to a thing that is no longer in use; also a plant that is not registered. */
export type Missing = Readonly<{ kind: ReferenceKind | 'Facility'; id: string; retired: boolean }>;

/** What a plant says of itself. */
export type FacilityTold = Readonly<{
  /** For which kinds it checks references; absent where nobody has decided. */
  checks: Readonly<Partial<Record<ReferenceKind, boolean>>>;
  /** Its hierarchy. Places are checked once there are some. */
  elements?: Readonly<Record<string, Readonly<{ retired: boolean }>>>;
}>;
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
  if (kind === 'Element') return streamOfFacility(facility);
  const category = CATEGORIES[kind];
  return category ? streamOf(category, id) : streamOf('master-data', masterDataId(facility, kind, id));
};

const streamOfFacility = (facility: string): string => streamOf('facility', facility);
const facilityTold = ({ regarded }: Pick<Context, 'regarded'>, facility: string): FacilityTold | null | undefined =>
  regarded?.[streamOfFacility(facility)] as FacilityTold | null | undefined;

/** The streams that tell whether references lead somewhere. */
export const regardsOf = (facility: string, references: readonly Reference[]): Regard[] =>
  [...new Set([streamOfFacility(facility), ...references.map((reference) => streamOfReference(facility, reference))])].map((stream) => ({
    stream,
  }));

/** The references that lead nowhere, of the kinds that the plant checks. */
function missingOf(context: Pick<Context, 'regarded'>, facility: string, references: readonly Reference[]): Missing[] {
  const { checks, elements = {} }: FacilityTold = facilityTold(context, facility) ?? { checks: {} };
  return references.flatMap((reference) => {
    if (reference.kind === 'Element') {
      const element = Object.hasOwn(elements, reference.id) ? elements[reference.id] : undefined;
      const checked = checks.Element ?? Object.keys(elements).length > 0;
      return !checked || (element && !element.retired) ? [] : [{ ...reference, retired: element !== undefined }];
    }
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

const words = (kind: Missing['kind']): string => kind.replace(/(?!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();

/** @throws Rejected facility-unknown, <kind>-unknown, <kind>-retired */
function rejectMissing(missing: readonly Missing[]): void {
  const [first] = missing;
  if (!first) return;
  const { kind, id, retired } = first;
  if (kind === 'Facility')
    throw new Rejected('facility-unknown', `There is no facility ${id}. Register it first, or correct the id.`, { facilityId: id });
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

type OfPlants = Readonly<{
  initial: unknown;
  id: (command: any) => string;
  decide: object;
  observed?: readonly PropertyKey[];
  regards?: (name: string, command: any, state: any, regarded?: Context['regarded']) => readonly Regard[];
}>;

/**
 * A decider whose things belong to plants: none comes into being in a plant that is not registered. A command is refused; a fact is recorded,
 * with an exception beside it if `flags` has one for it.
 */
export function ofPlants<D extends OfPlants>(decider: D, flags: NonNullable<Checked['flags']> = {}): D {
  const { initial, id, decide, observed = [], regards } = decider;
  const guarded = Object.entries(decide as Decide).map(([name, decideIt]) => [
    name,
    (command: any, state: any, context: Context): readonly Event[] => {
      const events = decideIt(command, state, context);
      const facility = facilityOf(id(command));
      if (events.length === 0 || state !== initial || facilityTold(context, facility) !== null) return events;
      const missing: Missing = { kind: 'Facility', id: facility, retired: false };
      const fact = events.find(({ type }) => Object.hasOwn(flags, type));
      if (fact) return [...events, flags[fact.type]!(fact.data, missing)];
      if (!observed.includes(name)) rejectMissing([missing]);
      return events;
    },
  ]);
  return {
    ...decider,
    decide: Object.fromEntries(guarded),
    regards: (name: string, command: any, state: any, regarded?: Context['regarded']): readonly Regard[] => {
      const others = regards?.(name, command, state, regarded) ?? [];
      if (state !== initial) return others;
      const stream = streamOfFacility(facilityOf(id(command)));
      return [{ stream, sure: true }, ...others.filter((other) => other.stream !== stream)];
    },
  };
}
/* eslint-enable @typescript-eslint/no-explicit-any */

/** Refuses plants that are not registered; regard their streams with `regardsFacilities`. @throws Rejected facility-unknown */
export const rejectUnknownFacilities = (context: Pick<Context, 'regarded'>, ...facilities: readonly string[]): void =>
  rejectMissing(
    facilities.flatMap((id) => (facilityTold(context, id) === null ? [{ kind: 'Facility' as const, id, retired: false }] : [])),
  );
export const regardsFacilities = (...facilities: readonly string[]): Regard[] =>
  facilities.map((facility) => ({ stream: streamOfFacility(facility), sure: true }));

/** The references of those kinds whose ids are given. */
export const referring = (...ids: readonly (readonly [kind: ReferenceKind, id: string | null | undefined])[]): Reference[] =>
  ids.flatMap(([kind, id]) => (id ? [{ kind, id }] : []));
