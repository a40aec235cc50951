/** Writes rejected rows as a table of the same form as their file, to be corrected and imported. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { addedColumnsOf, amountColumnsOf, type Mapping } from './mapping';
import type { Row } from './rows';
import { quoted } from './sheet';

export class RejectedRows {
  private file: number | undefined;

  constructor(
    private readonly path: string,
    private readonly mapping: Mapping,
  ) {}

  /** Each row once. */
  add({ cells, merged, numbers }: Row, header: readonly string[]): void {
    const [amounts, added] = [amountColumnsOf(this.mapping), addedColumnsOf(this.mapping)];
    const valueOf = (cell: string, place: number) => {
      const above = cell.trim() === '' ? merged?.get(place) : undefined;
      if (above && added.includes(header[place]!)) return { text: '0', isNumber: true };
      return above ?? { text: cell, isNumber: numbers?.has(place) ?? false };
    };
    const written = cells.map((cell, place) => {
      const { text, isNumber } = valueOf(cell, place);
      return isNumber && amounts.includes(header[place]!) ? text.replace('.', this.mapping.decimalMark) : text;
    });
    this.write(header, written);
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private write(header: readonly string[], cells: readonly string[]): void {
    const { delimiter, quote, encoding } = this.mapping.csv;
    // Node writes only these two encodings; the byte order mark identifies the second, whatever the mapping says.
    const wide = new TextDecoder(encoding).encoding !== 'utf-8';
    const put = (file: number, texts: readonly string[], mark = '') =>
      writeSync(file, `${mark}${texts.map((text) => quoted(text, delimiter, quote)).join(delimiter)}\n`, null, wide ? 'utf16le' : 'utf8');
    if (this.file === undefined) {
      this.file = openSync(this.path, 'w');
      put(this.file, header, wide ? '\ufeff' : '');
    }
    put(this.file, cells);
  }
}
