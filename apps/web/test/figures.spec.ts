import { sourceOf } from './source';

type Kpi = { value: string | null; numerator: string; denominator: string; why: string | null; doubt: string | null };
type Part = {
  equipmentId: string | null;
  time: Record<string, number>;
  made: { unit: string; good: string; scrap: string; rework: string }[];
  kpis: Record<string, Kpi>;
  restatedAt: string | null;
};
type Summed = Part & { reliability: Record<string, Kpi> };
type Sums = { overall(periods: { items: Part[]; total: Part }[]): { machines: Summed[]; total: Summed } | undefined };
type Section = { day: string | null; from: string; to: string };
type Periods = {
  boundsOf(sections: Section[], days: { first: string; last: string; from: number; to: number }): { from: string; to: string };
  divided(periods: Section[], withCalendar: boolean): { counted: Section[]; outside?: Section };
};
type Opens = {
  opens(
    kind: string,
    by: string,
    group: { key: string | null; name: string | null },
    asked: { equipmentId?: string; calendarId?: string; shift?: string },
  ): { name: string; opened?: { focus: object; machine?: string } };
};
type Times = {
  isOtherYear(at: number, now: number, zone: string): boolean;
  isDayUpTo(text: string, last: string): boolean;
  momentOf(local: string, zone: string): number;
  localOf(at: number, zone: string): string;
};

const { overall } = sourceOf<Sums>('pages/kpis/sums.ts');
const { boundsOf, divided } = sourceOf<Periods>('pages/kpis/period.ts');
const { opens } = sourceOf<Opens>('pages/kpis/opens.ts');
const ratio = (numerator: number, denominator: number, why: string | null = null): Kpi => ({
  value: why ? null : (numerator / denominator).toFixed(6),
  numerator: String(numerator),
  denominator: String(denominator),
  why,
  doubt: null,
});
/** A period of one machine: planned busy and produced seconds, ideal seconds of all and of good pieces. */
const part = (busy: number, produced: number, ideal: number, good: number, also: Partial<Part> = {}): Part => ({
  equipmentId: null,
  time: { production: produced, down: busy - produced },
  made: [{ unit: 'pcs', good: String(good / 10), scrap: String((ideal - good) / 10), rework: '0' }],
  kpis: {
    oee: busy === 0 ? ratio(good, busy, 'NoPlannedTime') : ratio(good, busy),
    availability: busy === 0 ? ratio(produced, busy, 'NoPlannedTime') : ratio(produced, busy),
    effectiveness: produced === 0 ? ratio(ideal, produced, 'NoProduction') : ratio(ideal, produced),
    qualityRatio: ideal === 0 ? ratio(good, ideal, 'NoQuantity') : ratio(good, ideal),
    meanTimeToRepair: ratio(0, 0, 'NoFailure'),
    meanOperatingTimeBetweenFailures: ratio(produced, 0, 'NoFailure'),
  },
  restatedAt: null,
  ...also,
});
const withKpis = (of: Part, kpis: Partial<Record<string, Kpi>>): Part => ({ ...of, kpis: { ...of.kpis, ...kpis } as Part['kpis'] });
const totalOf = (...parts: Part[]) => overall(parts.map((total) => ({ items: [{ ...total, equipmentId: 'haifa.M1' }], total })))!.total;

describe('figures over several periods', () => {
  it('are ratios of sums, not averages of ratios', () => {
    // 100 s at 90 % and 900 s at 10 %: 180 / 1000, where the average would say 50 %.
    const { kpis, time, made } = totalOf(part(100, 90, 90, 90), part(900, 90, 90, 90));
    expect(kpis.oee).toMatchObject({ value: '0.180000', numerator: '180', denominator: '1000', why: null });
    expect(kpis.availability!.value).toBe('0.180000');
    expect(time).toEqual({ production: 180, down: 820 });
    expect(made).toEqual([{ unit: 'pcs', good: '18', scrap: '0', rework: '0' }]);
  });

  it('agree in both forms: OEE = availability × effectiveness × quality', () => {
    const { kpis } = totalOf(part(1_000, 700, 600, 550), part(500, 100, 90, 45), part(300, 0, 0, 0));
    const [oee, ...factors] = ['oee', 'availability', 'effectiveness', 'qualityRatio'].map((name) => Number(kpis[name]!.value));
    expect(oee).toBeCloseTo(
      factors.reduce((product, factor) => product * factor, 1),
      5,
    );
  });

  it('leave periods without planned time and without quantities out, and say why where nothing is left', () => {
    const idle = part(0, 0, 0, 0);
    expect(totalOf(idle, part(100, 50, 40, 30)).kpis.oee).toMatchObject({ value: '0.300000', why: null });
    expect(totalOf(idle, part(100, 50, 40, 30)).kpis.qualityRatio).toMatchObject({ value: '0.750000', why: null });
    expect(totalOf(idle, idle).kpis.oee).toMatchObject({ value: null, why: 'NoPlannedTime' });
    expect(totalOf(idle, idle).kpis.qualityRatio).toMatchObject({ value: null, why: 'NoQuantity' });
    expect(overall([])).toBeUndefined();
  });

  it('have no value where a part has none that a sum could give', () => {
    const unknown = withKpis(part(100, 50, 40, 30), { oee: ratio(0, 100, 'NoIdealCycle'), effectiveness: ratio(0, 50, 'NoIdealCycle') });
    const { kpis } = totalOf(unknown, part(100, 50, 40, 30));
    expect(kpis.oee).toMatchObject({ value: null, why: 'NoIdealCycle' });
    // One ratio is in pieces, the other in seconds.
    expect(kpis.qualityRatio).toMatchObject({ value: null, why: 'NoIdealCycle' });
    expect(kpis.availability!.value).toBe('0.500000');
  });

  it('keep a doubt and the newest restatement', () => {
    const doubted = withKpis(part(100, 50, 60, 60), { effectiveness: { ...ratio(60, 50), doubt: 'IdealCycleTooLong' } });
    const first = { ...doubted, restatedAt: '2026-01-07T08:00:00.000Z' };
    const second = { ...part(100, 50, 40, 40), restatedAt: '2026-01-06T08:00:00.000Z' };
    const { kpis, restatedAt } = totalOf(first, second);
    expect([kpis.effectiveness!.doubt, restatedAt]).toEqual(['IdealCycleTooLong', '2026-01-07T08:00:00.000Z']);
  });

  it('have times of failures in both forms: the one more of the standard counts once', () => {
    const failing = (repair: number, produced: number, failures: number) =>
      withKpis(part(100, produced, 40, 40), {
        meanTimeToRepair: ratio(repair, failures, failures ? null : 'NoFailure'),
        meanOperatingTimeBetweenFailures: ratio(produced, failures, failures ? null : 'NoFailure'),
      });
    const { reliability } = totalOf(failing(60, 50, 2), failing(0, 50, 0), failing(30, 50, 1));
    expect(Object.entries(reliability).map(([name, { value, denominator }]) => [name, value, denominator])).toEqual([
      ['meanTimeToRepair', '30.000000', '3'],
      ['meanTimeToRepairIso', '22.500000', '4'],
      ['meanOperatingTimeBetweenFailures', '50.000000', '3'],
      ['meanOperatingTimeBetweenFailuresIso', '37.500000', '4'],
    ]);
    const none = totalOf(failing(0, 50, 0)).reliability;
    expect([none.meanTimeToRepair!.why, none.meanTimeToRepairIso!.value, none.meanOperatingTimeBetweenFailuresIso!.value]).toEqual([
      'NoFailure',
      '0.000000',
      '50.000000',
    ]);
  });

  it('are kept apart by machine and by unit', () => {
    const [one, other] = [part(100, 50, 40, 40), part(100, 10, 10, 10, { made: [{ unit: 'kg', good: '0.1', scrap: '0.2', rework: '0' }] })];
    const of = (equipmentId: string, it: Part) => ({ ...it, equipmentId });
    const { machines } = overall([
      { items: [of('haifa.M1', one), of('haifa.M2', other)], total: one },
      { items: [of('haifa.M2', other)], total: other },
    ])!;
    expect(machines.map(({ equipmentId, kpis }) => [equipmentId, kpis.oee!.value])).toEqual([
      ['haifa.M1', '0.400000'],
      ['haifa.M2', '0.100000'],
    ]);
    expect(machines[1]!.made).toEqual([{ unit: 'kg', good: '0.2', scrap: '0.4', rework: '0' }]);
  });
});

describe('the period of some days', () => {
  const days = {
    first: '2026-01-05',
    last: '2026-01-06',
    from: Date.parse('2026-01-05T00:00:00Z'),
    to: Date.parse('2026-01-07T00:00:00Z'),
  };
  const of = (day: string | null, from: string, to: string) => ({ day, from: `2026-01-${from}:00.000Z`, to: `2026-01-${to}:00.000Z` });
  const night = of('2026-01-04', '05T00:00', '05T06:00');
  const early = of('2026-01-05', '05T06:00', '05T14:00');
  const last = of('2026-01-06', '06T22:00', '07T06:00');
  const next = of('2026-01-07', '07T06:00', '07T12:00');
  const outside = of(null, '05T00:00', '07T12:00');

  it('reaches from midnight to midnight, with the whole last night shift and without that of the day before', () => {
    expect(boundsOf([night, early, last, next, outside], days)).toEqual({ from: night.to, to: last.to });
    expect(boundsOf([early, outside], days)).toEqual({ from: '2026-01-05T00:00:00.000Z', to: '2026-01-07T00:00:00.000Z' });
    expect(boundsOf([], days)).toEqual({ from: '2026-01-05T00:00:00.000Z', to: '2026-01-07T00:00:00.000Z' });
  });

  it('shows what was made outside of shifts by itself, and leaves nothing out', () => {
    expect(divided([early, last, outside], true)).toEqual({ counted: [early, last], outside });
    expect(divided([outside], false)).toEqual({ counted: [outside] });
  });
});

describe('a row of losses', () => {
  const machine = { equipmentId: 'haifa.M1', calendarId: 'haifa.C' };
  const row = { key: 'jam', name: 'Jam' };
  const opened = (...asked: Parameters<typeof opens>) => opens(...asked).opened;

  it('opens the facts that the api can list, and no others', () => {
    expect(opened('Stop', 'Equipment', { key: 'haifa.M2', name: null }, {})).toEqual({ focus: { kind: 'Stop' }, machine: 'haifa.M2' });
    expect(opened('Report', 'Reason', row, {})).toEqual({ focus: { kind: 'Report', name: 'Jam', reasonCode: 'jam' } });
    expect(opened('Stop', 'LossClass', row, machine)).toEqual({ focus: { kind: 'Stop', name: 'Jam', lossClass: 'jam' } });
    expect(opened('Report', 'Product', row, machine)?.focus).toMatchObject({ narrowed: { product: 'jam' } });
    expect(opened('Stop', 'Shift', row, machine)?.focus).toMatchObject({ narrowed: { shift: 'jam' } });
    const nothing = [
      opened('Stop', 'Reason', { key: null, name: null }, machine),
      opened('Report', 'Reason', row, { ...machine, shift: 'early' }),
      opened('Report', 'Product', row, {}),
      opened('Report', 'Operation', row, machine),
      opened('Stop', 'Shift', row, { equipmentId: 'haifa.M1' }),
    ];
    expect(nothing).toEqual(nothing.map(() => undefined));
  });
});

describe('days and local times', () => {
  it('name the year where it is another one than now, by the clock of the plant', () => {
    const newYear = Date.parse('2025-12-31T23:30:00Z');
    expect(isOtherYear(newYear, Date.parse('2026-01-05T00:00:00Z'), 'UTC')).toBe(true);
    expect(isOtherYear(newYear, Date.parse('2026-01-05T00:00:00Z'), 'Europe/Paris')).toBe(false);
  });

  const { isDayUpTo, momentOf, localOf, isOtherYear } = sourceOf<Times>('parts/local-times.ts');

  it('are days of the calendar that have begun', () => {
    const today = '2026-03-01';
    expect(['2026-03-01', '2024-02-29', '1970-01-01'].filter((day) => !isDayUpTo(day, today))).toEqual([]);
    const wrong = ['2026-03-02', '9999-12-31', '0002-03-01', '2026-02-30', '2026-13-01', '', 'yesterday', '+12026-01-01'];
    expect(wrong.filter((day) => isDayUpTo(day, today))).toEqual([]);
  });

  it('are the first of an hour that is repeated, and moved on where one is skipped', () => {
    expect(new Date(momentOf('2026-10-25T02:30', 'Europe/Paris')).toISOString()).toBe('2026-10-25T00:30:00.000Z');
    expect(localOf(momentOf('2026-03-29T02:30', 'Europe/Paris'), 'Europe/Paris')).toBe('2026-03-29T03:30');
    expect(momentOf('no time', 'Europe/Paris')).toBeNaN();
  });
});
