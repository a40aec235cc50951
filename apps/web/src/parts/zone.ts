/** Days of a plant as moments. */

/** YYYY-MM-DD in a zone. */
export function dayAt(moment: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(moment);
  const of = (type: string) => parts.find((part) => part.type === type)!.value;
  return `${of('year')}-${of('month')}-${of('day')}`;
}

/** A day later or earlier. */
export function plusDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** How far a zone is ahead of UTC at a moment, in milliseconds. */
function aheadAt(moment: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(moment);
  const of = (type: string) => Number(parts.find((part) => part.type === type)!.value);
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) - Math.floor(moment / 1_000) * 1_000;
}

/** The first moment of a day in a zone; of a day whose midnight the clock skips, the first one that exists. */
export function dayBegins(day: string, timeZone: string): number {
  const local = Date.parse(`${day}T00:00:00Z`);
  const guess = local - aheadAt(local, timeZone);
  const begin = local - aheadAt(guess, timeZone);
  return dayAt(begin, timeZone) === day ? begin : guess;
}
