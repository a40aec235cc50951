/** Texts of a file as ids, amounts and readable text. */
import { createHash } from 'node:crypto';
import { AMOUNT } from '#manufacturing/quantity';

export type Flag = Readonly<{ code: string; message: string }>;

/** Why a row cannot be read: a code and a sentence. */
export class Unreadable extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export const shown = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** What spreadsheet programs show where a formula fails, in any language. */
export const isCellError = (text: string): boolean => /^#(N\/[AD]|NV|DIV\/0!|¡?\p{Lu}{2,12}[!?])$/u.test(text);

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10);

/**
 * Letters and digits joined by `-`. Spaces, and marks between spaces, are dropped. If anything else is lost, such as a sign, an accent or the end,
 * a digest of the text is added, so that two texts do not become one id.
 */
export function slug(text: string): string {
  const spaced = text.trim().replace(/(?<=\s)[^\p{L}\p{N}\s]+(?=\s)/gu, ' ');
  const plain = spaced
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const lost = /[^A-Za-z0-9\s-]|^-|-$|--/.test(spaced);
  if (plain && plain.length <= 64 && !lost) return plain;
  return `${plain.slice(0, 53)}${plain ? '-' : ''}${digest(text)}`;
}

/** How many texts of one column are remembered, to find two that became one id. */
const REMEMBERED = 50_000;

/** Finds texts of a column that became the same id. */
export class Slugs {
  private readonly columns = new Map<string, Map<string, string>>();
  private readonly told = new Set<string>();

  /** The other text that became this id before; reported once for each text. */
  before(column: string, id: string, text: string): string | undefined {
    const known = this.columns.get(column) ?? new Map<string, string>();
    this.columns.set(column, known);
    const first = known.get(id);
    if (first === undefined && known.size < REMEMBERED) known.set(id, text);
    const pair = `${column}\u001f${text}`;
    if (first === undefined || first === text || this.told.has(pair)) return undefined;
    if (this.told.size < REMEMBERED) this.told.add(pair);
    return first;
  }
}

const SPACES = '[ \\u00a0\\u202f\\u2009]';
const escaped = (mark: string): string => (mark === ' ' ? SPACES : mark === "'" ? "['\\u2019]" : `\\${mark}`);
/** How amounts are written. */
export type Marks = Readonly<{ decimalMark: '.' | ','; thousandsMark?: string }>;
/** Those of numbers that are stored as such. */
export const PLAIN: Marks = { decimalMark: '.' };
const numbers = new Map<string, RegExp>();
function numberIn({ decimalMark, thousandsMark }: Marks): RegExp {
  const key = `${decimalMark}${thousandsMark ?? ''}`;
  const groups = thousandsMark === undefined ? '' : `\\d{1,3}(?:${escaped(thousandsMark)}\\d{3})+|`;
  const known =
    numbers.get(key) ?? new RegExp(`^([+-]?)(?:(${groups}\\d+)(?:${escaped(decimalMark)}(\\d*))?|${escaped(decimalMark)}(\\d+))$`);
  numbers.set(key, known);
  return known;
}

type Signed = Readonly<{ amount: string; negative: boolean }>;

/** Marks of writing direction and other characters without a form. */
export const visible = (text: string): string => text.replace(/[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g, '').trim();

/** Of any size and precision; undefined if the text is no number. */
function signedIn(text: string, marks: Marks): Signed | undefined {
  const plain = visible(text)
    .replace(/^\u2212/, '-')
    .replace(/^\((.*)\)$/, '-$1')
    .replace(/^([\d.,].*)-$/, '-$1');
  const [whole, sign, digits = '0', part, alone] = numberIn(marks).exec(plain) ?? [];
  if (whole === undefined) return undefined;
  const rest = (part ?? alone ?? '').replace(/0+$/, '');
  const amount = `${digits.replace(/\D/g, '').replace(/^0+(?=\d)/, '')}${rest ? `.${rest}` : ''}`;
  return { amount, negative: sign === '-' && /[1-9]/.test(amount) };
}

/** A decimal number of a file as an exact amount. A minus may stand before it, behind it, or be a pair of brackets. @throws Unreadable */
export function signedAmount(text: string, column: string, marks: Marks): Signed {
  const found = signedIn(text, marks);
  if (!found) throw new Unreadable('quantity-malformed', `${column} must be a decimal number, was ${shown(text)}.`);
  if (!AMOUNT.test(found.amount))
    throw new Unreadable('quantity-too-precise', `${column} must have at most 12 digits before and 6 after the point, was ${shown(text)}.`);
  return found;
}

/** An amount with marks in one form, however it was written; other texts as they are, such as the number 007. */
export function plainAmount(text: string, marks: Marks): string {
  const found = /^\d*$|\p{L}/u.test(text) ? undefined : signedIn(text, marks);
  return found ? `${found.negative ? '-' : ''}${found.amount}` : text;
}

const escape = (character: string): string => (character === '\\' ? '\\\\' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
const cut = (text: string, length: number): string => {
  const plain = text.replace(/\p{Cs}/gu, '\ufffd');
  return plain.length <= length ? plain : `${plain.slice(0, length - 1).replace(/\p{Cs}/gu, '')}…`;
};

/** Text of a file with control characters as escapes, since commands must not contain them, so that the original can be told; cut if too long. */
export const legible = (text: string, length: number): string => cut(text.replace(/[\u0000-\u001f\u007f\\]/g, escape), length);

/** A sentence, whose quotes of the file are escaped already (`shown`). */
export const sentence = (text: string, length: number): string => cut(text.replace(/[\u0000-\u001f\u007f]/g, escape), length);
