/** Local times and days of a plant, for inputs and periods: the browser may be in another zone. Pure. */

/** Minutes that the zone is ahead of UTC at a moment. */
function aheadOf(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(new Date(at));
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return Math.round((local - Math.floor(at / 1_000) * 1_000) / 60_000);
}

/** `2026-01-05T06:00`, as an input of type datetime-local takes it. */
export const localOf = (at: number, timeZone: string): string => new Date(at + aheadOf(at, timeZone) * 60_000).toISOString().slice(0, 16);

/** The moments of such a text: none if it is no time, two in an hour that is repeated; one that is skipped is moved on. */
export function momentsOf(local: string, timeZone: string): number[] {
  const asUtc = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(local) ? Date.parse(`${local}:00Z`) : Number.NaN;
  if (Number.isNaN(asUtc)) return [];
  const [before, after] = [asUtc - 86_400_000, asUtc + 86_400_000].map((at) => asUtc - aheadOf(at, timeZone) * 60_000) as [number, number];
  const found = [...new Set([before, after])].filter((at) => localOf(at, timeZone) === local);
  return found.length > 0 ? found.sort((a, b) => a - b) : [before];
}

/** The first moment of such a text that is not before another one; the last one where all are; NaN if it is no time. */
export function momentOf(local: string, timeZone: string, notBefore = -Infinity): number {
  const moments = momentsOf(local, timeZone);
  return moments.find((at) => at >= notBefore) ?? moments.at(-1) ?? Number.NaN;
}

/** What a person typed into an input, and which of two moments was meant, where they said so. */
export type TypedTime = Readonly<{ local: string; which?: number }>;

/** The moment of an input: the exact one that was given, unless somebody typed another. */
export function momentIn(typed: TypedTime | undefined, given: number, timeZone: string, notBefore?: number): number {
  if (typed === undefined) return given;
  const said = typed.which === undefined ? undefined : momentsOf(typed.local, timeZone)[typed.which];
  return said ?? momentOf(typed.local, timeZone, notBefore);
}

/** Whether a moment is in another year than now, so that its date must say so. */
export const isOtherYear = (at: number, now: number, timeZone: string): boolean =>
  localOf(at, timeZone).slice(0, 4) !== localOf(now, timeZone).slice(0, 4);

export const HOUR = 3_600_000;

/** Moments at which a local hour begins that `every` divides, within a period; the beginnings of days for 24. */
export function hoursWithin(from: number, to: number, every: number, timeZone: string): number[] {
  const ticks: number[] = [];
  // Zones differ from UTC by quarters of an hour.
  for (let at = Math.ceil(from / 900_000) * 900_000; at <= to; at += 900_000) {
    const local = localOf(at, timeZone);
    if (local.endsWith(':00') && Number(local.slice(11, 13)) % every === 0) ticks.push(at);
  }
  return ticks;
}

/** YYYY-MM-DD in a zone. */
export const dayAt = (moment: number, timeZone: string): string => localOf(moment, timeZone).slice(0, 10);

/** Before it, nothing was recorded anywhere. */
export const FIRST_DAY = '1970-01-01';

/** Whether a text is a day that has begun: YYYY-MM-DD, not before FIRST_DAY, and in the calendar. */
export const isDayUpTo = (text: string, last: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && text >= FIRST_DAY && text <= last && !Number.isNaN(Date.parse(text)) && plusDays(text, 0) === text;

/** A day later or earlier. */
export const plusDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 24 * HOUR).toISOString().slice(0, 10);

/** The first moment of a day in a zone; of a day whose midnight the clock skips, the first one that exists. */
export const dayBegins = (day: string, timeZone: string): number => momentOf(`${day}T00:00`, timeZone);
