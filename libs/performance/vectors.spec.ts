/** Examples that were worked by hand, one for each rule of domain.md 2.4; the comments show the sums. */
import { Weekday } from '#manufacturing/shifts';
import { kpisOf, quantitiesOf, type Report } from './kpis';
import { ranked } from './pareto';
import { restatedAt } from './restated';
import { inShifts } from './sections';
import { addStopTime, noStopTime, type StopInterval } from './stop-time';
import { NO_TIME, timeElements, withOrders, type Period, type StateInterval } from './time-elements';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const at = (text: string) => Date.parse(text);
const LATER = at('2027-01-01T00:00:00Z');
const daily = Object.values(Weekday);
const night = { shift: 'Night', weekdays: daily, startsAt: '22:00', endsAt: '06:00', breaks: [] };
const round = [
  night,
  { ...night, shift: 'Early', startsAt: '06:00', endsAt: '14:00' },
  { ...night, shift: 'Late', startsAt: '14:00', endsAt: '22:00' },
];
const calendar = { versions: [{ timeZone: 'Europe/Paris', effectiveFrom: '2026-01-01', shifts: round }], exceptions: {} };
const running = (from: string, to: string): StateInterval => ({ from: at(from), to: at(to), state: 'Execute', ordered: true });
const report = (good: string, scrap: string, idealCycleSeconds: string): Report => ({
  unit: 'pcs',
  good,
  scrap,
  rework: '0',
  idealCycleSeconds,
});

describe('a day on which clocks change', () => {
  // 2026-03-29: at 02:00 clocks in Paris show 03:00. The day has 23 hours, its night shift (that of the 28th) 7.
  test.each([
    ['spring', '2026-03-28', '2026-03-27T21:00:00Z', '2026-03-29T22:00:00Z', 7],
    // 2026-10-25: at 03:00 they show 02:00 again. The day has 25 hours, its night shift 9.
    ['autumn', '2026-10-24', '2026-10-23T20:00:00Z', '2026-10-25T23:00:00Z', 9],
  ])('%s: the night shift has the hours that passed', (_season, day, from, to, hours) => {
    const sections = inShifts(calendar, { from: at(from), to: at(to) });
    const shift = sections.find((section) => section.shift === 'Night' && section.day === day)!;
    const time = timeElements(shift.planned, [running(from, to)], LATER);
    expect([time.plannedOperation / HOUR, time.production / HOUR]).toEqual([hours, hours]);
  });

  test.each([
    ['spring', '2026-03-29T00:00:00+01:00', '2026-03-30T00:00:00+02:00', 23],
    ['autumn', '2026-10-25T00:00:00+02:00', '2026-10-26T00:00:00+01:00', 25],
  ])('%s: all shifts of the day together have the hours that passed', (_season, from, to, hours) => {
    const planned = inShifts(calendar, { from: at(from), to: at(to) }).flatMap((section) => section.planned);
    expect(timeElements(planned, [running(from, to)], LATER).production / HOUR).toBe(hours);
  });
});

test('a night shift belongs to the day on which it began', () => {
  const sections = inShifts(calendar, { from: at('2026-02-02T22:00:00+01:00'), to: at('2026-02-03T06:00:00+01:00') });
  expect(sections.filter(({ shift }) => shift).map(({ shift, day }) => [shift, day])).toEqual([['Night', '2026-02-02']]);
});

test('the example of domain.md: 09:00 to 12:00, delayed 10:30 to 11:00, ideal cycle 10 s, 800 good, 200 scrap', () => {
  const on = (time: string) => at(`2026-01-05T${time}:00Z`);
  const states = [
    { from: on('09:00'), to: on('10:30'), state: 'Execute', ordered: true },
    { from: on('10:30'), to: on('11:00'), state: 'Held', ordered: true },
    { from: on('11:00'), to: on('12:00'), state: 'Execute', ordered: true },
  ];
  const time = timeElements([{ from: on('09:00'), to: on('12:00') }], states, LATER);
  const { availability, effectiveness, qualityRatio, oee } = kpisOf(time, quantitiesOf([report('800', '200', '10')]), {
    count: 0,
    repairMs: 0,
  });
  // APT = 3 h − 30 min = 9,000 s of 10,800. E = 10 · 1,000 / 9,000. Q = 800 / 1,000. OEE = 10 · 800 / 10,800 = A · E · Q.
  expect(time.production).toBe(9_000_000);
  expect([availability, effectiveness, qualityRatio, oee].map(({ value }) => value)).toEqual([
    '0.833333',
    '1.111111',
    '0.800000',
    '0.740741',
  ]);
  expect([availability.doubt, effectiveness.doubt]).toEqual([null, 'IdealCycleTooLong']);
});

describe('one machine', () => {
  const shift: Period = { from: 0, to: 8 * HOUR };
  const state = (name: string, from: number, to: number, more: Partial<StopInterval> = {}): StopInterval => ({
    ...{ from: from * MINUTE, to: to * MINUTE, state: name, ordered: true, learned: from * MINUTE, stopId: null, reasonCode: null },
    ...more,
  });

  test('that makes two products: each piece counts with its own ideal cycle', () => {
    // 240 min run. A: 300 good, 20 s. B: 90 good, 10 scrap, 60 s. Σ PRI·GQ = 6,000 + 5,400; Σ PRI·PQ = 6,000 + 6,000; PBT = 28,800 s.
    const time = timeElements([shift], [state('Execute', 0, 240), state('Held', 240, 480)], LATER);
    const kpis = kpisOf(time, quantitiesOf([report('300', '0', '20'), report('90', '10', '60')]), { count: 0, repairMs: 0 });
    expect(kpis.oee).toMatchObject({ numerator: '11400', denominator: '28800', value: '0.395833' });
    expect(kpis.qualityRatio).toMatchObject({ numerator: '11400', denominator: '12000', value: '0.950000' });
    // A · E · Q = 0.5 · (12,000 / 14,400) · 0.95
    expect(0.5 * (12_000 / 14_400) * 0.95).toBeCloseTo(Number(kpis.oee.value), 6);
  });

  test('whose signal is lost: the time is unclassified, not production', () =>
    // Runs until minute 100; its signal is lost until 160; then it runs. Nothing is known of the last hour.
    expect(timeElements([shift], [state('Execute', 0, 100), state('Unknown', 100, 160), state('Execute', 160, 420)], LATER)).toMatchObject({
      production: 360 * MINUTE,
      unclassified: 120 * MINUTE,
      delay: 0,
      down: 0,
    }));

  test('that loses its order while it stands: delay until then, down time after it', () => {
    // Stands from minute 60 to 180; the order leaves at 90, another comes at 150.
    const orders = [
      { from: 0, to: 90 * MINUTE },
      { from: 150 * MINUTE, to: Infinity },
    ];
    const time = timeElements(
      [shift],
      withOrders([state('Execute', 0, 60), state('Held', 60, 180), state('Execute', 180, 480)], orders),
      LATER,
    );
    expect([time.delay, time.down].map((ms) => ms / MINUTE)).toEqual([30 + 30, 60]);
  });

  test('whose late observation splits a state: the period changes, and says when', () => {
    // Known at the end of the shift: ran all the time. Learned half an hour later: it stood from minute 200 to 260.
    const end = shift.to;
    const known = [state('Execute', 0, 480)];
    const learned = end + 30 * MINUTE;
    const now = [state('Execute', 0, 200), state('Held', 200, 260, { learned }), state('Execute', 260, 480, { learned: learned - 1 })];
    expect([timeElements([shift], known, LATER), timeElements([shift], now, LATER)].map(({ production }) => production / MINUTE)).toEqual([
      480, 420,
    ]);
    expect(restatedAt(end, known)).toBeNull();
    expect(restatedAt(end, now)).toBe(learned);
    // A fact about the time after the period restates nothing, however late.
    expect(restatedAt(end, [state('Held', 480, 500, { learned })])).toBeNull();
    expect(restatedAt(end, [], [null, learned + 5])).toBe(learned + 5);
  });

  test('with stops: their time by reason and the rest are all the time without production', () => {
    const states = [
      state('Execute', 0, 60),
      state('Held', 60, 90, { stopId: 'S1', reasonCode: 'jam', lossClass: 'MinorStop' }),
      state('Execute', 90, 120),
      state('Aborted', 120, 180, { stopId: 'S2', reasonCode: 'spindle', lossClass: 'Breakdown' }),
      state('Resetting', 180, 190),
      state('Execute', 190, 240),
      state('Held', 240, 250, { stopId: 'S3', reasonCode: 'jam', lossClass: 'MinorStop', learned: 500 * MINUTE }),
      state('Idle', 250, 300),
      state('Unknown', 300, 330),
      state('Stopped', 330, 480, { stopId: 'S4' }),
    ];
    const stops = noStopTime();
    const of = { machine: 'haifa.M1', section: 0, planned: [shift], intervals: states, until: LATER, to: shift.to };
    addStopTime(stops, of, ({ interval }) => ({ key: interval.reasonCode, lossClass: interval.lossClass ?? null }));
    const groups = ranked([...stops.groups.values()].map((group) => ({ ...group, amount: String(group.ms / MINUTE) })));
    // 250 min in stops: 150 not classified, 60 spindle, 30 + 10 jam. 10 min prepared and 50 idle are no stops.
    expect(groups.map(({ key, amount, stops: of, share, cumulativeShare }) => [key, amount, of.size, share, cumulativeShare])).toEqual([
      [null, '150', 1, '0.600000', '0.600000'],
      ['spindle', '60', 1, '0.240000', '0.840000'],
      ['jam', '40', 2, '0.160000', '1.000000'],
    ]);
    expect([stops.otherMs / MINUTE, stops.all.size]).toEqual([60, 4]);
    const { setup, delay, down, plannedDown } = timeElements([shift], states, LATER);
    expect((setup + delay + down + plannedDown) / MINUTE).toBe(250 + 60);
    expect(groups.map((group) => group.restatedAt)).toEqual([null, null, 500 * MINUTE]);
  });
});

test('a Pareto of nothing has no shares, and equal amounts keep the order of their keys', () => {
  expect(
    ranked([
      { key: 'b', amount: '0' },
      { key: null, amount: '0' },
      { key: 'a', amount: '0' },
    ]),
  ).toEqual([
    { key: 'a', amount: '0', share: null, cumulativeShare: null },
    { key: 'b', amount: '0', share: null, cumulativeShare: null },
    { key: null, amount: '0', share: null, cumulativeShare: null },
  ]);
});

test('what was made while no production is known has an OEE that is doubted', () => {
  const time = { ...NO_TIME, plannedOperation: 3_600_000, plannedBusy: 3_600_000, unclassified: 3_600_000 };
  const made = quantitiesOf([{ unit: 'pcs', good: '30', scrap: '0', rework: '0', idealCycleSeconds: '60' }]);
  const { availability, effectiveness, oee } = kpisOf(time, made, { count: 0, repairMs: 0 });
  expect(availability).toMatchObject({ value: '0.000000', doubt: null });
  expect(effectiveness).toMatchObject({ value: null, why: 'NoProductionTime' });
  expect(oee).toMatchObject({ value: '0.500000', doubt: 'MadeWithoutTime' });
});
