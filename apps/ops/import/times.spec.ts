import fc from 'fast-check';
import { DateTime } from 'luxon';
import { parseMapping, type Mapping, type TimeColumn } from './mapping';
import { plainReader } from './plain-times';
import { intervalOf } from './times';

/** A row with one time. */
function instantOf(cells: readonly string[], end: TimeColumn, rules: Omit<Mapping['time'], 'end'>) {
  const { to, flags } = intervalOf(
    { ...rules, end },
    (column) => cells[end.columns.indexOf(column)]!,
    () => undefined,
  );
  return { at: to, flag: flags[0] };
}

type Rule = 'earlier' | 'later' | 'reject';
const rules = (zone: string, rule: Rule) => ({ zone, ambiguous: rule, nonexistent: rule });
const source = (format: string) => ({ columns: ['end'], formats: [format] });

describe('a local time', () => {
  const at = (text: string, rule: Rule) => instantOf([text], source('dd.MM.yyyy HH:mm'), rules('Asia/Jerusalem', rule));

  it("that occurs twice is read by the mapping's rule, and flagged", () => {
    expect(at('23.09.2012 01:30', 'earlier')).toMatchObject({ flag: { code: 'time-ambiguous' } });
    expect(at('23.09.2012 01:30', 'earlier').at.toISO()).toBe('2012-09-23T01:30:00.000+03:00');
    expect(at('23.09.2012 01:30', 'later').at.toISO()).toBe('2012-09-23T01:30:00.000+02:00');
    expect(() => at('23.09.2012 01:30', 'reject')).toThrow('happened twice');
  });

  it("that was skipped is moved by the mapping's rule, and flagged", () => {
    expect(at('30.03.2012 02:30', 'later')).toMatchObject({ flag: { code: 'time-nonexistent' } });
    expect(at('30.03.2012 02:30', 'later').at.toISO()).toBe('2012-03-30T03:30:00.000+03:00');
    expect(at('30.03.2012 02:30', 'earlier').at.toISO()).toBe('2012-03-30T01:30:00.000+02:00');
    expect(() => at('30.03.2012 02:30', 'reject')).toThrow('skipped');
  });

  it('needs no rule on either side of a clock change', () => {
    for (const text of ['30.03.2012 01:59', '30.03.2012 03:00', '23.09.2012 00:59', '23.09.2012 02:00'])
      expect(at(text, 'reject').flag).toBeUndefined();
  });

  it('with its own offset is an instant', () => {
    const { at: moment, flag } = instantOf(['2012-09-23T01:30:00+02:00'], source('ISO'), rules('Asia/Jerusalem', 'reject'));
    expect([moment.toMillis(), flag]).toEqual([Date.parse('2012-09-22T23:30:00Z'), undefined]);
  });

  it('maps back to the same local time in every zone, unless it was skipped', () => {
    const zones = fc.constantFrom('Asia/Jerusalem', 'Europe/Warsaw', 'America/New_York', 'Australia/Lord_Howe', 'UTC', 'Asia/Kolkata');
    fc.assert(
      fc.property(fc.date({ min: new Date('2011-01-01Z'), max: new Date('2026-01-01Z'), noInvalidDate: true }), zones, (date, zone) => {
        const text = DateTime.fromJSDate(date, { zone: 'utc' }).toFormat('dd.MM.yyyy HH:mm');
        const { at: moment, flag } = instantOf([text], source('dd.MM.yyyy HH:mm'), { zone, ambiguous: 'earlier', nonexistent: 'later' });
        expect(flag?.code === 'time-nonexistent' || moment.toFormat('dd.MM.yyyy HH:mm') === text).toBe(true);
      }),
    );
  });
});

describe('a format of digits between marks', () => {
  const formats = [
    'dd.MM.yyyy HH:mm',
    'yyyy-MM-dd HH:mm:ss',
    'MM/dd/yyyy HH:mm',
    'yyyyMMdd',
    'dd-MM-yyyy',
    '[dd|MM|yyyy] HH.mm',
    'HH:mm dd.MM.yyyy',
  ];
  const texts = fc.oneof(
    fc
      .tuple(fc.constantFrom(...formats), fc.date({ min: new Date('0001-01-01Z'), max: new Date('9999-01-01Z'), noInvalidDate: true }))
      .map(([format, date]) => DateTime.fromJSDate(date, { zone: 'utc' }).toFormat(format)),
    fc.stringMatching(/^[0-3]\d\.[01]\d\.(19|20)\d\d [0-2]\d:[0-6]\d$/),
    fc.string({ maxLength: 20 }),
  );
  test('is read like Luxon reads it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...formats), texts, (format, text) => {
        const luxon = DateTime.fromFormat(text, format, { zone: 'utc', locale: 'en' });
        const read = plainReader(format)!(text);
        if (read !== undefined) expect(read).toBe(luxon.toMillis());
        else if (luxon.isValid) expect(text).toMatch(/24[:.]00|^\D|[^\x20-\x7e]|0000/);
      }),
      { numRuns: 3_000 },
    );
  });
  it.each([
    'd.M.yyyy',
    'dd MMM yyyy',
    "dd.MM.yyyy 'at' HH:mm",
    'yyyy-MM-dd hh:mm a',
    'dd.MM.yy',
    'dd.MM.yyyy HH:mm ZZ',
    'HH:mm',
    'dd.MM.yyyy dd',
  ])('is not %s', (format) => expect(plainReader(format)).toBeUndefined());
});

describe('the formats of times', () => {
  const at = (cells: string[], ...formats: string[]) =>
    instantOf(cells, { columns: cells.map((_, n) => `c${n}`), formats }, rules('Europe/Berlin', 'reject'));
  const utc = (cells: string[], ...formats: string[]) =>
    at(cells, ...formats)
      .at.toUTC()
      .toISO({ suppressMilliseconds: true });

  it.each([
    [['2026-01-05 10:30'], 'ISO', '2026-01-05T09:30:00Z'],
    [['2026-01-05 10:30:00 +02:00'], 'ISO', '2026-01-05T08:30:00Z'],
    [['20260105T103000Z'], 'ISO', '2026-01-05T10:30:00Z'],
    [['2026-01-05', '10:30'], 'ISO', '2026-01-05T09:30:00Z'],
    [['05.01.2026', '10:30'], 'dd.MM.yyyy HH:mm', '2026-01-05T09:30:00Z'],
    [['1767605400'], 'epoch-s', '2026-01-05T09:30:00Z'],
    [['1767605400000'], 'epoch-ms', '2026-01-05T09:30:00Z'],
    [['46027.4375'], 'excel', '2026-01-05T09:30:00Z'],
    [['46027', '0.4375'], 'excel', '2026-01-05T09:30:00Z'],
    [['44565.4375'], 'excel-1904', '2026-01-05T09:30:00Z'],
    [['05.01.2026'], 'dd.MM.yyyy', '2026-01-04T23:00:00Z'],
  ])('%j as %s', (cells, format, expected) => expect(utc(cells, format)).toBe(expected));

  it('may be several for one column: the first that fits is used', () => {
    const formats = ['dd.MM.yyyy HH:mm', 'ISO', 'dd.MM.yyyy'];
    expect(utc(['05.01.2026 10:30'], ...formats)).toBe('2026-01-05T09:30:00Z');
    expect(utc(['2026-01-05T10:30'], ...formats)).toBe('2026-01-05T09:30:00Z');
    expect(at(['05.01.2026'], ...formats)).toMatchObject({ flag: { code: 'time-of-day-missing' } });
    expect(at(['2026-01-05'], 'ISO')).toMatchObject({ flag: { code: 'time-of-day-missing' } });
    expect(at(['05.01.2026'], 'dd.MM.yyyy').flag).toBeUndefined();
  });

  it('that count from 1970 are read by the format in whose unit they are plausible', () => {
    for (const formats of [
      ['epoch-ms', 'epoch-s'],
      ['epoch-s', 'epoch-ms'],
    ])
      for (const text of ['1767605400', '1767605400000']) expect(utc([text], ...formats)).toBe('2026-01-05T09:30:00Z');
  });

  it.each([
    ['1767605400', 'epoch-ms', 'As epoch-s it would be 2026-01-05T09:30:00Z: correct the format.'],
    ['1767605400000', 'epoch-s', 'As epoch-ms it would be 2026-01-05T09:30:00Z: correct the format.'],
    ['1767605400000000', 'epoch-ms', 'Times before 1990 or after 2100 are refused in this format.'],
    ['1000', 'excel', 'Times before 1990 or after 2100 are refused in this format.'],
    ['100000', 'excel', 'Times before 1990 or after 2100 are refused in this format.'],
    ['1767605400', 'excel', 'As epoch-s it would be 2026-01-05T09:30:00Z: correct the format.'],
    ['46027', 'epoch-s', 'As excel it would be 2026-01-05T00:00:00: correct the format.'],
  ])('%s is refused as %s, which would be decades off', (text, format, hint) => expect(() => at([text], format)).toThrow(hint));

  it.each([
    ['10:30', 'ISO'],
    ['2026', 'ISO'],
    ['2026-01', 'ISO'],
    ['T10:30', 'ISO'],
    ['0', 'excel'],
    ['05.01.2026', 'excel'],
    ['-5', 'epoch-s'],
  ])('%s is refused as %s: a day is never made up', (text, format) =>
    expect(() => at([text], format)).toThrow(`must be a time like ${format}, was`),
  );
});

describe('an interval', () => {
  const mapping = (time: object) =>
    parseMapping(
      JSON.stringify({
        name: 'x',
        facility: 'haifa',
        unit: 'pcs',
        order: { column: 'o' },
        good: 'g',
        time: { zone: 'Europe/Berlin', ...time },
      }),
    );
  const ends = { start: { column: 'from', format: 'dd.MM.yyyy HH:mm' }, end: { column: 'to', format: 'dd.MM.yyyy HH:mm' } };
  const of = (cells: Record<string, string>, time: object = ends, lasting?: number) => {
    const { from, to, flags } = intervalOf(
      mapping(time).time,
      (column) => cells[column] ?? '',
      () => lasting,
    );
    return {
      minutes: to.diff(from).as('minutes'),
      codes: flags.map(({ code }) => code),
      to: to.toUTC().toISO({ suppressMilliseconds: true }),
    };
  };

  it.each(['earlier', 'later', 'reject'])('across a clock change gets its only possible reading (%s)', (ambiguous) =>
    expect(of({ from: '26.10.2025 02:50', to: '26.10.2025 02:10' }, { ...ends, ambiguous })).toMatchObject({ minutes: 20, codes: [] }),
  );

  it('with several possible readings follows the rule, and is flagged', () => {
    const cells = { from: '26.10.2025 01:50', to: '26.10.2025 02:10' };
    expect(of(cells)).toMatchObject({ minutes: 20, codes: ['time-ambiguous'] });
    expect(of(cells, { ...ends, ambiguous: 'later' })).toMatchObject({ minutes: 80, codes: ['time-ambiguous'] });
    expect(() => of(cells, { ...ends, ambiguous: 'reject' })).toThrow('happened twice');
  });

  it('that touches a skipped time gets a possible reading, and is flagged', () => {
    const skipped = { from: '30.03.2025 02:30', to: '30.03.2025 03:10' };
    for (const nonexistent of ['earlier', 'later'])
      expect(of(skipped, { ...ends, nonexistent })).toMatchObject({ minutes: 40, codes: ['time-nonexistent'] });
    const both = { from: '30.03.2025 02:30', to: '30.03.2025 02:40' };
    expect(of(both)).toMatchObject({ minutes: 10, codes: ['time-nonexistent', 'time-nonexistent'], to: '2025-03-30T01:40:00Z' });
    expect(() => of(skipped, { ...ends, nonexistent: 'reject' })).toThrow('was skipped');
  });

  it('before 1900 is refused: years of two digits were read as four', () =>
    expect(() => of({ to: '30.1.12' }, { end: { column: 'to', format: 'd.M.y' } })).toThrow('Years of two digits are yy'));

  it('that ends before it begins is kept as it is', () =>
    expect(of({ from: '05.01.2026 10:00', to: '05.01.2026 09:00' })).toMatchObject({ minutes: -60 }));

  it('may lack an end, a start or both, if the mapping allows it', () => {
    expect(of({ from: '05.01.2026 10:00' })).toEqual({ minutes: 0, codes: ['time-absent'], to: '2026-01-05T09:00:00Z' });
    expect(of({ to: '05.01.2026 10:00' })).toEqual({ minutes: 0, codes: ['time-absent'], to: '2026-01-05T09:00:00Z' });
    expect(() => of({})).toThrow('the row has no time');
    expect(of({}, { ...ends, otherwise: '2026-01-05' })).toEqual({ minutes: 0, codes: ['time-absent'], to: '2026-01-04T23:00:00Z' });
    expect(of({}, { otherwise: '2026-01-05' })).toEqual({ minutes: 0, codes: [], to: '2026-01-04T23:00:00Z' });
  });

  it('may be a start with a duration', () =>
    expect(of({ from: '05.01.2026 10:00' }, { start: ends.start, duration: { column: 'd', unit: 'h' } }, 3_600_000)).toEqual({
      minutes: 60,
      codes: [],
      to: '2026-01-05T10:00:00Z',
    }));
});
