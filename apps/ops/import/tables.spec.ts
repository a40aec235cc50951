import { parseMapping } from './mapping';
import { rowReader } from './rows';

const base = {
  name: 'other',
  facility: 'haifa',
  unit: 'pcs',
  time: { zone: 'UTC', end: { column: 'end', format: 'ISO' } },
  order: { column: 'order' },
  good: 'good',
};
const usual = { order: 'A1', good: '5', end: '2026-01-05T10:00' };
const readerOf = (changes: object, columns: string[]) =>
  rowReader(parseMapping(JSON.stringify({ ...base, ...changes })), columns, { name: 'o.csv' });
const read = (changes: object, cells: Record<string, string>) => {
  const row = { ...usual, ...cells };
  return readerOf(changes, Object.keys(row))({ line: 2, cells: Object.values(row), raw: Object.values(row).join(',') });
};
const fact = (changes: object, cells: Record<string, string>) => {
  const outcome = read(changes, cells);
  if (!('observation' in outcome)) throw new Error(JSON.stringify(outcome));
  return outcome;
};

describe('a row of a table', () => {
  it('need not name its kind, operation or machine', () =>
    expect(fact({}, {}).observation).toMatchObject({
      kind: 'Production',
      operationId: 'unspecified',
      equipmentId: 'haifa.unspecified',
      scrap: [],
    }));

  it('may get one kind, operation or machine for all rows, and an id for empty cells', () => {
    const changes = { kind: 'Setup', operation: { always: 'assembly' }, machine: { column: 'm', empty: 'BENCH' } };
    expect(fact(changes, { m: ' ' }).observation).toMatchObject({ kind: 'Setup', operationId: 'assembly', equipmentId: 'haifa.BENCH' });
    expect(fact(changes, { m: 'M4' }).observation.equipmentId).toBe('haifa.M4');
  });

  it('need not name a person or product', () => {
    const changes = { person: { column: 'who' }, product: { column: 'what' } };
    expect(fact(changes, { who: '', what: 'P1' }).observation).toMatchObject({ product: 'P1' });
    expect(fact(changes, { who: '', what: 'P1' }).observation).not.toHaveProperty('person');
  });

  it('may have several scrap columns, each with its reason', () => {
    const scrap = [
      { column: 'bent', reasonCode: 'BENT' },
      { column: 'other', reason: { column: 'why', otherwise: 'slug' } },
    ];
    expect(fact({ scrap }, { bent: '2', other: '1', why: 'too long' }).observation.scrap).toEqual([
      { quantity: '2', reasonCode: 'BENT' },
      { quantity: '1', reasonCode: 'too-long' },
    ]);
    expect(fact({ scrap }, { bent: '', other: '', why: '' }).observation.scrap).toEqual([]);
  });

  it.each([
    [{ decimalMark: ',', thousandsMark: '.' }, '1.234.567,50', '1234567.5'],
    [{ thousandsMark: ',' }, '1,234', '1234'],
    [{ thousandsMark: ' ' }, '12\u00a0345', '12345'],
    [{ thousandsMark: "'" }, '1’000', '1000'],
  ])('reads thousands marks: %j %s', (changes, good, amount) => expect(fact(changes, { good }).observation.good).toBe(amount));

  it.each([
    [{ thousandsMark: ',' }, '1,23'],
    [{ thousandsMark: ',' }, '1234,567'],
    [{}, '1,234'],
  ])('is rejected with a thousands mark in a wrong place: %j %s', (changes, good) =>
    expect(read(changes, { good })).toMatchObject({ rejected: { code: 'quantity-malformed' } }),
  );

  it('reads durations', () => {
    const minutes = (unit: string, lasted: string) => {
      const time = { ...base.time, duration: { column: 'lasted', unit } };
      const { from, to } = fact({ time }, { lasted }).observation;
      return (Date.parse(to) - Date.parse(from)) / 60_000;
    };
    expect([minutes('h:mm', '1:30'), minutes('h:mm', '26:05:30'), minutes('m:ss', '1:30'), minutes('d', '0.0625')]).toEqual([
      90, 1565.5, 1.5, 90,
    ]);
    const time = { ...base.time, duration: { column: 'lasted', unit: 'h:mm' } };
    for (const lasted of ['1.5', '1:75', ''])
      expect(read({ time }, { lasted })).toMatchObject({ rejected: { code: 'duration-malformed' } });
  });

  it('is left out if the mapping skips it or does not select it', () => {
    const rows = { skip: [{ column: 'order', match: '^(Total|#)' }], only: { column: 'state', match: '^done$' } };
    expect(read({ rows }, { order: 'Total', state: 'done' })).toEqual({ leftOut: true });
    expect(read({ rows }, { state: 'open' })).toEqual({ leftOut: true });
    expect(fact({ rows }, { state: 'done' }).observation.good).toBe('5');
  });

  it.each(['-5', '5-', '(5)', '\u22125'])('with a negative amount (%s) is a reversal if the mapping says so', (good) => {
    expect(read({}, { good })).toMatchObject({ rejected: { code: 'quantity-negative' } });
    expect(fact({ negative: 'reversal' }, { good })).toMatchObject({ reversal: true, observation: { good: '5' } });
  });

  it('with amounts above and below zero is rejected', () =>
    expect(read({ negative: 'reversal', scrap: { column: 'bad', reasonCode: 'X' } }, { good: '-5', bad: '1' })).toMatchObject({
      rejected: { code: 'quantity-mixed' },
    }));

  it('may name its facility', () => {
    const facility = { home: 'haifa', column: 'plant', rules: [{ match: '^PL', id: 'lodz' }] };
    expect(fact({ facility, machine: { column: 'm' } }, { plant: 'PL01', m: 'M1' }).observation).toMatchObject({
      workOrderId: 'lodz.A1',
      equipmentId: 'lodz.M1',
    });
    expect(read({ facility }, { plant: 'DE01' })).toMatchObject({ rejected: { code: 'id-unknown' } });
  });

  it('that is cut off is read if the mapping needs none of the missing cells', () => {
    const reader = readerOf({ scrap: { column: 'bad', reasonCode: 'X' } }, ['order', 'good', 'end', 'bad']);
    const of = (...cells: string[]) => reader({ line: 2, cells, raw: '' });
    expect(of('A1', '5', '2026-01-05')).toMatchObject({ observation: { scrap: [] } });
    expect(of('A1', '5')).toMatchObject({ rejected: { code: 'cells-miscounted' } });
    expect(of('A1', '5', '2026-01-05', '0', 'x')).toMatchObject({ rejected: { code: 'cells-miscounted' } });
  });

  it('that is longer than what is kept of it is flagged', () => {
    expect(fact({}, { remark: 'x'.repeat(2_100) }).flags).toMatchObject([{ code: 'source-cut' }]);
    expect(fact({}, { remark: 'x'.repeat(1_000) }).flags).toEqual([]);
  });

  it('is flagged if its text becomes the same id as another text', () => {
    const reader = readerOf({ operation: { column: 'op', otherwise: 'slug' } }, ['order', 'good', 'end', 'op']);
    const flagsOf = (op: string) => {
      const outcome = reader({ line: 2, cells: ['A1', '5', '2026-01-05T10:00', op], raw: '' });
      return 'observation' in outcome ? outcome.flags : [];
    };
    expect(flagsOf('Cut - deep')).toEqual([]);
    expect(flagsOf('Cut & deep')).toMatchObject([{ code: 'id-shared', message: expect.stringMatching(/Cut & deep.*Cut - deep/) }]);
  });

  it("is identified by all its cells, or by the mapping's key; equal rows in a file are told apart", () => {
    const ids = (changes: object, ...table: (readonly string[])[]) => {
      const reader = readerOf(changes, ['order', 'good', 'end']);
      return table.map((cells) => {
        const outcome = reader({ line: 2, cells, raw: '' });
        return 'observation' in outcome ? outcome.observation.reportId : '';
      });
    };
    const [a, b] = [
      ['A1', '5', '2026-01-05T10:00'],
      ['A1', '6', '2026-01-05T10:00'],
    ] as const;
    const [first, other, repeat] = ids({}, a, b, a);
    expect(new Set([first, other, repeat]).size).toBe(3);
    expect(ids({}, [' A1', '5 ', '2026-01-05T10:00'])).toEqual([first]);
    expect(ids({}, b, a, a, a)).toEqual([other, first, repeat, `${first}.3`]);
    const [byKey, again] = ids({ rows: { key: ['order', 'end'] } }, a, b);
    expect(again).toBe(`${byKey}.2`);
  });

  it('is the same row if its times are written in another format of the mapping', () => {
    const idOf = (format: string[], end: string, changes: object = {}) =>
      fact({ time: { zone: 'UTC', end: { column: 'end', format } }, ...changes }, { end }).observation.reportId;
    const usual = 'dd.MM.yyyy HH:mm';
    const first = idOf([usual], '05.01.2026 10:30');
    for (const [format, end] of [
      ['M/d/yyyy H:mm', '1/5/2026 10:30'],
      ['M/d/yy h:mm a', '1/5/26 10:30 AM'],
      ['excel', '46027.4375'],
    ] as const)
      expect(idOf([usual, format], end)).toBe(first);
    expect(idOf([usual, 'excel'], '46028.4375')).not.toBe(first);
    expect(idOf(['excel', usual], '05.01.2026 06:15')).toBe(idOf(['excel'], '46027.2604166667'));
    const two = { time: { zone: 'UTC', end: { columns: ['day', 'end'], format: ['dd.MM.yyyy HH:mm', 'M/d/yyyy H:mm'] } } };
    const of = (day: string, end: string) => fact(two, { day, end }).observation.reportId;
    expect(of('1/5/2026', '9:05')).toBe(of('05.01.2026', '09:05'));
  });

  it('is named by its line if its import began before rows were identified by content', () => {
    const reader = rowReader(parseMapping(JSON.stringify(base)), ['order', 'good', 'end'], { name: 'old.csv', linesOf: 'abc' });
    expect(reader({ line: 7, cells: ['A1', '5', '2026-01-05T10:00'], raw: '' })).toMatchObject({ observation: { reportId: 'abc.7' } });
  });
});
