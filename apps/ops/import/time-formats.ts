/** How a file writes its times. Hides: Luxon, serial days of spreadsheets, seconds since 1970. Does not: know time zones (times.ts does). */
import { DateTime, FixedOffsetZone } from 'luxon';
import { plainReader } from './plain-times';
import { visible } from './texts';

/** What a text says: a wall-clock time, or an instant if the text has its own offset. Both are in `wall`, in UTC. */
export type Told = Readonly<{ wall: DateTime; instant: boolean; dayOnly: boolean }>;

const DAY = 86_400_000;
/** Days from the first day of a spreadsheet's calendar to 1970. */
const SERIALS: Readonly<Record<string, number>> = { excel: 25_569, 'excel-1904': 24_107 };
const EPOCHS: Readonly<Record<string, number>> = { 'epoch-s': 1_000, 'epoch-ms': 1 };
const ISO_DATE = /^\d{4}(-\d\d-\d\d|-?W\d\d-?\d|-\d{3}|\d{4}|\d{3})(T|$)/;
const OWN_OFFSET = /(Z|[+-]\d\d(:?\d\d)?)$/i;
const UTC = { zone: FixedOffsetZone.utcInstance };
const WALL = { zone: 'utc', setZone: true } as const;

const parsers = new Map<string, ReturnType<typeof DateTime.buildFormatParser>>();
function parserOf(format: string): ReturnType<typeof DateTime.buildFormatParser> {
  const known = parsers.get(format) ?? DateTime.buildFormatParser(format, { locale: 'en' });
  parsers.set(format, known);
  return known;
}

const plainReaders = new Map<string, ReturnType<typeof plainReader>>();
function readPlain(text: string, format: string): DateTime | undefined {
  if (!plainReaders.has(format)) plainReaders.set(format, plainReader(format));
  const at = plainReaders.get(format)?.(text);
  return at === undefined ? undefined : DateTime.fromMillis(at, UTC);
}

const letters = (format: string): string => format.replace(/'[^']*'/g, '');

/** Whether a format in Luxon's tokens names no time of day. */
export const isDayOnly = (format: string): boolean =>
  format !== 'ISO' && !(format in SERIALS) && !(format in EPOCHS) && !/[HhtTfF]/.test(letters(format));

const kinds = new Map<string, Omit<Told, 'wall'>>();
function kindOf(format: string): Omit<Told, 'wall'> {
  const known = kinds.get(format) ?? { instant: /[Zz]/.test(letters(format)), dayOnly: isDayOnly(format) };
  kinds.set(format, known);
  return known;
}

/** Reads the texts of one or more cells by a format; undefined if they do not match it. */
export function readTime(cells: readonly string[], format: string): Told | undefined {
  const texts = cells.map(visible).filter((text) => text !== '');
  if (format in SERIALS) return ofDays(texts, SERIALS[format]!);
  if (format in EPOCHS) return ofEpoch(texts.join(''), EPOCHS[format]!);
  if (format === 'ISO') {
    const text = texts
      .join('T')
      .replace(/^(\d{4}-\d\d-\d\d) +(?=\d)/, '$1T')
      .replace(/ +(?=(Z|[+-]\d\d:?\d\d)$)/, '');
    const wall = ISO_DATE.test(text) ? DateTime.fromISO(text, WALL) : undefined;
    const time = text.split('T')[1];
    return wall?.isValid ? { wall, instant: time !== undefined && OWN_OFFSET.test(time), dayOnly: time === undefined } : undefined;
  }
  const text = texts.join(' ');
  const wall = readPlain(text, format) ?? DateTime.fromFormatParser(text, parserOf(format), { ...WALL, locale: 'en' });
  return wall.isValid ? { wall, ...kindOf(format) } : undefined;
}

/** A time that is written in a later format, as the first would write it; undefined if it is in the first, in none, or cannot be written so. */
export function inFirstFormat(cells: readonly string[], formats: readonly string[]): readonly string[] | undefined {
  const found = formats.findIndex((format) => readTime(cells, format) !== undefined);
  const [first = ''] = formats;
  if (found < 1 || first === 'ISO' || first in EPOCHS) return undefined;
  const { wall, instant } = readTime(cells, formats[found]!)!;
  if (instant) return undefined;
  const days = SERIALS[first];
  const parts = days === undefined && cells.length > 1 ? first.split(' ') : [first];
  if (parts.length !== cells.length) return undefined;
  return parts.map((part) =>
    days === undefined ? wall.toFormat(part, { locale: 'en' }) : String(Number((wall.toMillis() / DAY + days).toPrecision(15))),
  );
}

/** A day number with the fraction of the day; in two cells, their sum. */
function ofDays(texts: readonly string[], from: number): Told | undefined {
  if (texts.length === 0 || !texts.every((text) => /^\d{1,7}([.,]\d{1,20})?$/.test(text))) return undefined;
  const days = texts.reduce((sum, text) => sum + Number(text.replace(',', '.')), 0);
  const exact = (days - from) * DAY;
  if (!isPlausible(exact)) return undefined;
  const second = Math.round(exact / 1_000) * 1_000;
  const wall = DateTime.fromMillis(Math.abs(exact - second) < 10 ? second : Math.round(exact), { zone: 'utc' });
  return { wall, instant: false, dayOnly: Number.isInteger(days) && texts.length === 1 };
}

function ofEpoch(text: string, unit: number): Told | undefined {
  if (!/^\d{1,14}(\.\d{1,9})?$/.test(text)) return undefined;
  const at = Math.round(Number(text) * unit);
  return isPlausible(at) ? { wall: DateTime.fromMillis(at, { zone: 'utc' }), instant: true, dayOnly: false } : undefined;
}

/** Numbers are times from 1990 to 2100: another unit, or no time at all, gives a time decades away. */
const [EARLIEST, LATEST] = [Date.UTC(1990, 0), Date.UTC(2101, 0)];
const isPlausible = (at: number): boolean => at >= EARLIEST && at < LATEST;

/** Why a number that no format takes is no time, and which format would take it; empty for other texts and formats. */
export function numberHint(cells: readonly string[], formats: readonly string[]): string {
  const counted = formats.some((format) => format in SERIALS || format in EPOCHS);
  if (!counted || !/^\d+([.,]\d+)?$/.test(cells.join('').trim())) return '';
  for (const format of ['epoch-s', 'epoch-ms', 'excel']) {
    const told = readTime(cells, format);
    const iso = told?.wall.toISO({ suppressMilliseconds: true, includeOffset: told.instant });
    if (iso) return ` As ${format} it would be ${iso}: correct the format.`;
  }
  return ' Times before 1990 or after 2100 are refused in this format.';
}

const HELP = "write it in Luxon's tokens as in dd.MM.yyyy HH:mm, or ISO, excel, epoch-s, epoch-ms";

/** Why a format cannot be used; undefined if it can. */
export function formatFault(format: string): string | undefined {
  if (format === 'ISO' || format in SERIALS || format in EPOCHS) return undefined;
  const tokens = letters(format);
  if (tokens.trim() === 'X' || tokens.trim() === 'x')
    return `counts from 1970: write epoch-${tokens.trim() === 'X' ? 's' : 'ms'} instead of ${format}`;
  if (/YY|DD/.test(tokens)) return 'has capital YYYY or DD; the year is yyyy and the day dd';
  if (/h/.test(tokens) && !/[aHtT]/.test(tokens)) return 'has 12-hour times (h) without am or pm: write HH for 24 hours, or add a';
  const moment = DateTime.fromISO('2012-10-30T23:42:31+00:00', { setZone: true });
  const read = DateTime.fromFormat(moment.toFormat(format, { locale: 'en' }), format, { zone: 'utc', locale: 'en' });
  if (!read.isValid) return `cannot be read back (${read.invalidExplanation ?? read.invalidReason ?? 'the result is not a time'}); ${HELP}`;
  if (read.toFormat('yyyy-MM-dd') !== moment.toFormat('yyyy-MM-dd')) return `does not have year, month and day; ${HELP}`;
  return undefined;
}
