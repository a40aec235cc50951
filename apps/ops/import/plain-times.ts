/** The most common formats: digits of fixed length between marks. They are read without Luxon, which would cost more than the rest of a row. */

const FIELDS = ['yyyy', 'MM', 'dd', 'HH', 'mm', 'ss'] as const;
const TOKEN = /([A-Za-z])\1*/g;
type Reader = (text: string) => number | undefined;

/** A reader of such a format: a wall-clock time in UTC milliseconds, undefined where Luxon must judge. The format may be another kind. */
export function plainReader(format: string): Reader | undefined {
  const tokens: readonly string[] = format.match(TOKEN) ?? [];
  const wanted = FIELDS.filter((field) => tokens.includes(field));
  if (
    wanted.length !== tokens.length ||
    !['yyyy', 'MM', 'dd'].every((field) => tokens.includes(field)) ||
    /['\\\s]/.test(format.replace(/ /g, ''))
  )
    return undefined;
  const pattern = format.replace(/[$()*+?.[\]^{|}/-]/g, '\\$&').replace(TOKEN, (field) => `(${'\\d'.repeat(field.length)})`);
  const form = new RegExp(`^${pattern}$`);
  const places = FIELDS.map((field) => tokens.indexOf(field) + 1);
  return (text) => {
    const found = form.exec(text);
    if (!found) return undefined;
    const [year, month, day, hour, minute, second] = places.map((place) => (place === 0 ? 0 : Number(found[place])));
    const at = new Date(0);
    at.setUTCFullYear(year!, month! - 1, day);
    at.setUTCHours(hour!, minute, second);
    const exact = at.getUTCMonth() === month! - 1 && at.getUTCDate() === day && hour! < 24 && minute! < 60 && second! < 60;
    return exact && year! > 0 ? at.getTime() : undefined;
  };
}
