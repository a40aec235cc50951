/**
 * What was seen of a machine, by floor time. Hides: pages, so that adding, and inserting late, stay cheap however long the past is. Promises: of two
 * sightings of one time the later report counts; nothing is too old to be inserted. Does not: judge who is right.
 */
import type { MachineState } from './equipment.events';
import { PAGE } from './rows';

/** The machine was in a state at a time. `again`: it had been in it before, without another sighting between. */
export type Sighting = Readonly<{ at: string; state: MachineState; again?: true }>;
/** In the order of time; no page is empty. */
export type Sightings = readonly (readonly Sighting[])[];

export const latest = (sightings: Sightings): Sighting | undefined => sightings.at(-1)?.at(-1);

/** The last sighting by then, when its state began, and the next sighting. */
export function around(
  sightings: Sightings,
  at: string,
): Readonly<{ before: Sighting | undefined; began: string | undefined; after: Sighting | undefined }> {
  const page = pageOf(sightings, at);
  const rows = sightings[page] ?? [];
  const index = placeIn(rows, at);
  const [before, after] = [rows[index], rows[index + 1] ?? sightings[page + 1]?.[0]];
  return { before, began: before && beginningOf(sightings, page, index), after };
}

/** With one more. A state that is seen between two sightings of another one ends the first of them: the second begins anew. */
export function seeing(sightings: Sightings, at: string, state: MachineState): Sightings {
  const page = pageOf(sightings, at);
  const rows = sightings[page] ?? [];
  const index = placeIn(rows, at);
  const known = rows[index]?.at === at ? rows[index] : undefined;
  if (known?.state === state) return sightings;
  const before = known ? (rows[index - 1] ?? sightings[page - 1]?.at(-1)) : rows[index];
  // A state that replaces another one at its time begins there, as the time line has it.
  const isAgain = before?.state === state && (!known || known.again === true);
  const seen: Sighting = { at, state, ...(isAgain ? { again: true } : {}) };
  const next = [...rows.slice(0, known ? index : index + 1), seen, ...rows.slice(index + 1)];
  const pages = next.length > 2 * PAGE ? [next.slice(0, PAGE), next.slice(PAGE)] : [next];
  return follows([...sightings.slice(0, page), ...pages, ...sightings.slice(page + 1)], seen);
}

/** Without those after a time: an old log said what became of the machine since. */
export function until(sightings: Sightings, at: string): Sightings {
  if ((latest(sightings)?.at ?? '') <= at) return sightings;
  const page = pageOf(sightings, at);
  const rows = (sightings[page] ?? []).filter((each) => each.at <= at);
  return [...sightings.slice(0, page), ...(rows.length > 0 ? [rows] : [])];
}

/** Without those between two times. */
export function without(sightings: Sightings, from: string, to: string): Sightings {
  const after = nextAfter(sightings, from);
  if (!after || after.at >= to) return sightings;
  return sightings.map((rows) => rows.filter(({ at }) => at <= from || at >= to)).filter(({ length }) => length > 0);
}

/** When states began, between two times. */
export const beginnings = (sightings: Sightings, from: string, to: string | null): string[] =>
  sightings
    .flat()
    .filter(({ at, again }) => !again && at > from && (to === null || at < to))
    .map(({ at }) => at);

function nextAfter(sightings: Sightings, at: string): Sighting | undefined {
  const page = pageOf(sightings, at);
  const rows = sightings[page] ?? [];
  return rows[placeIn(rows, at) + 1] ?? sightings[page + 1]?.[0];
}

/** When one of these states was seen first after a time. */
export function seenAfter(sightings: Sightings, at: string, states: readonly MachineState[]): string | undefined {
  for (let page = pageOf(sightings, at); page < sightings.length; page += 1) {
    const found = sightings[page]!.find((each) => each.at > at && states.includes(each.state));
    if (found) return found.at;
  }
  return undefined;
}

/** The page with the last sighting by then; the first page if there is none. */
function pageOf(sightings: Sightings, at: string): number {
  let page = sightings.length - 1;
  while (page > 0 && sightings[page]![0]!.at > at) page -= 1;
  return Math.max(0, page);
}

function placeIn(rows: readonly Sighting[], at: string): number {
  let place = rows.length - 1;
  while (place >= 0 && rows[place]!.at > at) place -= 1;
  return place;
}

function beginningOf(sightings: Sightings, page: number, index: number): string {
  for (let place = index; ; place -= 1) {
    if (place < 0) place = sightings[(page -= 1)]!.length - 1;
    const { at, again } = sightings[page]![place]!;
    if (!again) return at;
  }
}

/** Whether the sighting after a new one is of the same state still. */
function follows(sightings: Sightings, seen: Sighting): Sightings {
  const after = nextAfter(sightings, seen.at);
  if (!after || (after.again === true) === (after.state === seen.state)) return sightings;
  // A state that was begun is not begun earlier by a late report: its time line has its own entry.
  if (!after.again) return sightings;
  const begun: Sighting = { at: after.at, state: after.state };
  return sightings.map((rows) => (rows.includes(after) ? rows.map((each) => (each === after ? begun : each)) : rows));
}
