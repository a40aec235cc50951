import type { WriteStream } from 'node:tty';

/** A fault outside of this program; the text says what to do. */
export class PlainFault extends Error {
  constructor(
    message: string,
    /** 1: failed; 2: done, with findings; 64: wrong usage. */
    readonly exitCode: 1 | 2 | 64 = 1,
    /** Of the answer of the api, if there was one. */
    readonly status?: number,
  ) {
    super(message);
    this.name = 'PlainFault';
  }
}

export const say = (text: string): void => void process.stdout.write(`${text}\n`);
export const tell = (text: string): void => void process.stderr.write(`${text}\n`);

const exact = (_key: string, value: unknown) =>
  typeof value === 'bigint' ? String(value) : value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value;

/** One JSON document on stdout; positions as text. */
export const sayJson = (value: unknown): void => say(JSON.stringify(value, exact, 2));
/** One JSON document as of `sayJson`, whose last field is a list of any length. */
export function sayJsonWithList(fields: object, list: string, items: Iterable<unknown>): void {
  const head = JSON.stringify({ ...fields, [list]: [] }, exact, 2).slice(0, -']\n}'.length);
  let some = false;
  process.stdout.write(head);
  for (const item of items) {
    process.stdout.write(`${some ? ',' : ''}\n    ${JSON.stringify(item, exact, 2).replaceAll('\n', '\n    ')}`);
    some = true;
  }
  say(some ? '\n  ]\n}' : ']\n}');
}
/** One JSON document per line, for long output. */
export const sayJsonLine = (value: unknown): void => say(JSON.stringify(value, exact));

/** Columns of text, numbers aligned right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = rows.reduce<number[]>((found, row) => row.map((cell, column) => Math.max(found[column] ?? 0, cell.length)), []);
  return rows
    .map((row) =>
      row
        .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A progress bar on stderr if it is a terminal. */
export class Progress {
  private drawn = 0;
  private readonly begun = performance.now();
  constructor(private readonly out: Pick<WriteStream, 'isTTY' | 'write' | 'columns'> = process.stderr) {}

  show(what: string, done: number, of: number): void {
    if (!this.out.isTTY || (performance.now() - this.drawn < 100 && done < of)) return;
    this.drawn = performance.now();
    const share = of > 0 ? Math.min(1, done / of) : 1;
    const seconds = (performance.now() - this.begun) / 1_000;
    const rate = seconds > 0 ? Math.round(done / seconds) : 0;
    const filled = Math.round(24 * share);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(24 - filled)}`;
    this.out.write(`\r\u001b[2K${what} ${bar} ${done}/${of}  ${rate}/s`.slice(0, (this.out.columns ?? 100) + 4));
  }

  end(): void {
    if (this.out.isTTY && this.drawn > 0) this.out.write('\r\u001b[2K');
  }
}

/** A short value in one line. */
export function brief(value: unknown, length = 60): string {
  if (value === undefined) return '–';
  const text = typeof value === 'string' ? value : (JSON.stringify(value, exact) ?? '–');
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
