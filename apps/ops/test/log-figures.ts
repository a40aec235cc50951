import { readFileSync } from 'node:fs';

export type Figures = { good: number; scrap: number; rework: number };

/** `30.01.2012 05:43` as `2012-01-30T05:43`: it sorts. */
const sortable = (local: string): string => local.replace(/^(\d\d)\.(\d\d)\.(\d{4}) /, '$3-$2-$1T');

/**
 * What each machine made by the text of a production log alone, without the importer: in the reports that ended after `from` and until `to`, both local
 * times of the plant, e.g. `2012-01-30T05:43`.
 */
export function figuresIn(log: string, from: string, to: string): Map<string, Figures> {
  const [header, ...rows] = readFileSync(log, 'utf8').trimEnd().split('\n');
  const columns = header!.split(';');
  const machines = new Map<string, Figures>();
  for (const row of rows) {
    const cells = row.split(';');
    const cell = (column: string) => cells[columns.indexOf(column)]!;
    const ended = sortable(cell('Complete Timestamp'));
    if (ended <= from || ended > to) continue;
    const place = cell('Resource.1');
    const [machine, check] = [/Machine (\d+)/.exec(place), /^Quality Check (\d+)$/.exec(place)];
    const id = machine ? `haifa.M${machine[1]}` : check ? `haifa.QC${check[1]}` : `haifa.${place.toUpperCase()}`;
    const figures = machines.get(id) ?? { good: 0, scrap: 0, rework: 0 };
    figures[cell('Rework') === 'Y' ? 'rework' : 'good'] += Number(cell('Qty_Completed'));
    figures.scrap += Number(cell('Qty_for_MRB'));
    machines.set(id, figures);
  }
  return machines;
}
