import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileImport, type FileImport } from '#import/import';
import type { ImportEvent } from '#import/import.events';
import { parseMapping } from './mapping';
import type { Logged } from './recorded-orders';
import { importFile } from './run';
import type { Answer, Target } from './target';

const BASE = {
  name: 'x',
  facility: 'haifa',
  unit: 'pcs',
  order: { column: 'order', rules: [{ match: '^A(\\d)$', id: 'A$1' }] },
  good: 'good',
  time: { zone: 'UTC', end: { column: 'end', format: 'ISO' } },
};

/** A system in memory: imports, and a fact for each order and report id. */
class Plant {
  readonly log: Logged[] = [];
  private readonly facts = new Map<string, Answer>();

  readonly target: Target = {
    send: (command, data) => {
      const decided = fileImport.decide[command as 'StartImport'](data as never, this.stateOf(), {} as never) as readonly ImportEvent[];
      this.log.push(...decided);
      return Promise.resolve({ events: decided.map(({ type }) => type), token: String(this.log.length) });
    },
    observe: (rows) => Promise.resolve(rows.map((row) => this.observe(row as never))),
    hasFacility: () => Promise.resolve(true),
    stateOf: () => Promise.resolve(this.stateOf()),
    head: () => Promise.resolve(BigInt(this.log.length)),
  };

  get orders(): string[] {
    return [...this.facts.keys()].map((key) => key.split(' ')[0]!).sort();
  }

  private stateOf(): FileImport {
    return (this.log as ImportEvent[]).filter(({ type }) => /^(Import|Row)/.test(type)).reduce(fileImport.evolve, fileImport.initial);
  }

  private observe(row: { workOrderId: string; reportId: string }): Answer {
    const key = `${row.workOrderId} ${row.reportId}`;
    if (this.facts.has(key)) return this.facts.get(key)!;
    this.log.push({ type: 'ProductionObserved', data: row });
    this.facts.set(key, { events: ['ProductionObserved'], token: String(this.log.length) });
    return this.facts.get(key)!;
  }
}

describe('a mapping that gives rows of the same file another order', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ops-changed-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'log.csv');
  writeFileSync(file, 'order,good,end\nA1,5,2026-01-05T10:00\nA2,6,2026-01-05T11:00\nB1,7,2026-01-05T12:00\nA1,5,2026-01-05T10:00\n');

  it('leaves the facts where they are, and takes the rows that were rejected', async () => {
    const plant = new Plant();
    const run = (changes: object = {}, again = false) =>
      importFile({
        mapping: parseMapping(JSON.stringify({ ...BASE, ...changes })),
        file,
        target: () => plant.target,
        eventsOf: async function* () {
          yield* await Promise.resolve([...plant.log]);
        },
        again,
      });
    expect((await run()).tally).toMatchObject({ rows: 4, observed: 3, rejected: 1 });
    expect(plant.orders).toEqual(['haifa.A1', 'haifa.A1', 'haifa.A2']);
    const second = await run({
      order: {
        column: 'order',
        rules: [
          { match: '^A1$', id: 'X1' },
          { match: '(.*)', id: '$1' },
        ],
      },
    });
    expect(plant.orders).toEqual(['haifa.A1', 'haifa.A1', 'haifa.A2', 'haifa.B1']);
    expect(second).toMatchObject({ known: 3, tally: { rows: 4, observed: 4, rejected: 0 } });
    expect(second.tally.findings).toContainEqual({ code: 'imported-otherwise', count: 2 });
    expect(plant.log.filter(({ type }) => type === 'RowFlagged').map(({ data }) => data)).toMatchObject([
      { line: 2, code: 'imported-otherwise', message: expect.stringContaining('another order'), workOrderId: 'haifa.X1' },
      { line: 5, code: 'imported-otherwise' },
    ]);
    // The first mapping again: everything is where it was, but for the row that it rejects.
    expect((await run()).tally).toMatchObject({ rows: 4, observed: 3, rejected: 1 });
    expect(plant.orders).toHaveLength(4);
  });
});
