/**
 * The floor times of a row. Hides: clock changes. Promises: an interval with one possible reading gets that reading; of several, the mapping's rule
 * chooses, and a flag says so. Does not: know how texts are written (time-formats.ts does).
 */
import { DateTime, FixedOffsetZone, IANAZone } from 'luxon';
import { isDayOnly, numberHint, readTime } from './time-formats';
import type { Ambiguous, Mapping, TimeColumn } from './mapping';
import { shown, Unreadable, type Flag } from './texts';

type Rules = Readonly<{ zone: string; ambiguous: Ambiguous; nonexistent: Ambiguous }>;
/** A time with all its possible readings, the earliest first. */
type Moment = Readonly<{ readings: readonly DateTime[]; name: string; flags: readonly Flag[]; skipped?: true }>;

const fields = ({ year, month, day, hour, minute, second, millisecond }: DateTime) => ({
  year,
  month,
  day,
  hour,
  minute,
  second,
  millisecond,
});

export const iso = (at: DateTime): string => at.toISO({ suppressMilliseconds: true })!;
const nameOf = ({ columns }: TimeColumn): string => columns.join(' and ');

const DAY = 86_400_000;
const HALF_DAY = DAY / 2;
const MOST_DAYS = 10_000;
const EARLIEST_YEAR = 1900;
const offsets = new Map<string, number | undefined>();

/** The zone's offset in minutes if no clock changes within a day of that day. Asking the zone for each time would cost more than all else. */
function steadyOffset(zone: string, wall: DateTime): number | undefined {
  const day = Math.floor(wall.toMillis() / DAY);
  const key = `${zone} ${day}`;
  if (offsets.has(key)) return offsets.get(key);
  const clock = IANAZone.create(zone);
  const found = new Set(Array.from({ length: 7 }, (_, n) => clock.offset((day - 1) * DAY + n * HALF_DAY)));
  const [offset] = found;
  if (offsets.size >= MOST_DAYS) offsets.clear();
  offsets.set(key, found.size === 1 ? offset : undefined);
  return offsets.get(key);
}

function firstRead(cells: readonly string[], formats: readonly string[]) {
  for (const [found, format] of formats.entries()) {
    const told = readTime(cells, format);
    if (told) return { told, found };
  }
  return { told: undefined, found: -1 };
}

/** @throws Unreadable */
function momentOf(cells: readonly string[], source: TimeColumn, { zone, nonexistent }: Rules): Moment {
  const column = nameOf(source);
  const text = shown(cells.length === 1 ? cells[0]!.trim() : cells.map((cell) => cell.trim()).join(' '));
  const name = `${column} ${text}`;
  const { told, found } = firstRead(cells, source.formats);
  if (!told)
    throw new Unreadable(
      'time-malformed',
      `${column} must be a time like ${source.formats.join(' or ')}, was ${text}.${numberHint(cells, source.formats)}`,
    );
  const { wall, instant, dayOnly } = told;
  if (wall.year < EARLIEST_YEAR)
    throw new Unreadable(
      'time-malformed',
      `${column} must not be before ${EARLIEST_YEAR}, was ${text}. Years of two digits are yy in a format.`,
    );
  if (instant) return { readings: [wall.setZone(zone)], name, flags: [] };
  // If the first format is a date alone, no time of day is expected in this column.
  const unexpected = dayOnly && (found > 0 || !isDayOnly(source.formats[0]!));
  const flags = unexpected
    ? [{ code: 'time-of-day-missing', message: `${name} has no time of day; taken as the beginning of the day.` }]
    : [];
  const steady = steadyOffset(zone, wall);
  if (steady !== undefined) {
    const at = DateTime.fromMillis(wall.toMillis() - steady * 60_000, { zone: FixedOffsetZone.instance(steady) });
    return { readings: [at], name, flags };
  }
  const local = DateTime.fromObject(fields(wall), { zone });
  if (JSON.stringify(fields(local)) === JSON.stringify(fields(wall))) {
    const readings = local.getPossibleOffsets().sort((a, b) => a.toMillis() - b.toMillis());
    return { readings, name, flags };
  }
  if (nonexistent === 'reject') throw new Unreadable('time-nonexistent', `${column} was skipped by a clock change in ${zone}: ${text}.`);
  // The offset after the change moves the time back by the gap, the offset before it moves the time forward.
  const readings = [1, -1].map((days) => {
    const { offset } = DateTime.fromObject(fields(wall.plus({ days })), { zone });
    return DateTime.fromMillis(wall.toMillis() - offset * 60_000, { zone });
  });
  return { readings, name, flags, skipped: true };
}

/** One instant for each moment: by the rules if that is possible, else the first possible readings. @throws Unreadable */
function settled(moments: readonly Moment[], { zone, ambiguous, nonexistent }: Rules): { at: readonly DateTime[]; flags: readonly Flag[] } {
  const [only] = moments;
  if (moments.length === 1 && only!.readings.length === 1) return { at: only!.readings, flags: only!.flags };
  const all = moments.reduce<readonly (readonly DateTime[])[]>(
    (ways, { readings }) => ways.flatMap((way) => readings.map((reading) => [...way, reading])),
    [[]],
  );
  const possible = all.filter(([from, to]) => !from || !to || from.toMillis() <= to.toMillis());
  const wanted = moments.map(({ readings, skipped }) =>
    (skipped ? nonexistent : ambiguous) === 'later' ? readings.at(-1)! : readings[0]!,
  );
  const at = possible.find((way) => way.every((time, n) => time.toMillis() === wanted[n]!.toMillis())) ?? possible[0] ?? wanted;
  const flags = moments.flatMap(({ readings, name, flags: own, skipped }, n): Flag[] => {
    if (skipped)
      return [...own, { code: 'time-nonexistent', message: `${name} was skipped by a clock change in ${zone}; taken as ${iso(at[n]!)}.` }];
    if (readings.length === 1 || possible.length === 1) return [...own];
    if (ambiguous === 'reject') throw new Unreadable('time-ambiguous', `${name} happened twice in ${zone}.`);
    return [...own, { code: 'time-ambiguous', message: `${name} happened twice in ${zone}; taken as ${iso(at[n]!)}.` }];
  });
  return { at, flags };
}

/** When a row's work began and ended. @throws Unreadable */
export function intervalOf(
  time: Mapping['time'],
  cell: (column: string) => string,
  /** How long it took, in milliseconds, if a column has it. */
  lasting: () => number | undefined,
): { from: DateTime; to: DateTime; flags: readonly Flag[] } {
  const read = (source: TimeColumn | undefined): Moment | undefined => {
    const cells = source?.columns.map(cell) ?? [];
    return cells.some((text) => text.trim() !== '') ? momentOf(cells, source!, time) : undefined;
  };
  const [start, end] = [read(time.start), read(time.end)];
  const absent = [time.start && !start ? nameOf(time.start) : '', time.end && !end ? nameOf(time.end) : ''].filter((name) => name !== '');
  if (start && end) {
    const { at, flags } = settled([start, end], time);
    return { from: at[0]!, to: at[1]!, flags };
  }
  const missing = (taken: string): Flag[] =>
    absent.length ? [{ code: 'time-absent', message: `${absent.join(' and ')} is empty; taken as ${taken}.` }] : [];
  const one = start ?? end;
  if (!one) {
    if (time.otherwise === undefined) throw new Unreadable('cell-empty', `${absent.join(' and ')} is empty: the row has no time.`);
    const at = DateTime.fromISO(time.otherwise, { zone: time.zone, setZone: false });
    return { from: at, to: at, flags: absent.length ? missing(`${iso(at)}, as the mapping says`) : [] };
  }
  const { at, flags } = settled([one], time);
  const ms = lasting();
  // A long duration may cross a clock change.
  const known = ms !== undefined && ms > HALF_DAY ? at[0]!.setZone(time.zone) : at[0]!;
  const other = ms === undefined ? known : DateTime.fromMillis(known.toMillis() + (start ? ms : -ms), { zone: known.zone });
  const said = ms === undefined ? [...flags, ...missing(iso(other))] : flags;
  return start ? { from: at[0]!, to: other, flags: said } : { from: other, to: at[0]!, flags: said };
}
