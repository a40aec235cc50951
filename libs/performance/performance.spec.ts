import * as fc from 'fast-check';
import { kpisOf, quantitiesOf, sumOfQuantities, type Report } from './kpis';
import { elementOf, merged, NO_TIME, sumOfElements, timeElements, type StateInterval } from './time-elements';

const at = (time: string) => Date.parse(`2026-01-05T${time}:00Z`);
const period = (from: string, to: string) => ({ from: at(from), to: at(to) });
const interval = (from: string, to: string, state: string, more: Partial<StateInterval> = {}): StateInterval => ({
  ...period(from, to),
  state,
  ordered: true,
  ...more,
});
const minutes = (count: number) => count * 60_000;
const noFailure = { count: 0, repairMs: 0 };
const report = (good: string, scrap: string, idealCycleSeconds: string | null, unit = 'pcs'): Report => ({
  unit,
  good,
  scrap,
  rework: '0',
  idealCycleSeconds,
});

describe('time elements', () => {
  const shift = [period('08:00', '16:00')];

  test.each([
    ['Execute', true, undefined, 'production'],
    ['Execute', false, undefined, 'production'],
    ['Held', true, undefined, 'delay'],
    ['Held', false, undefined, 'down'],
    ['Idle', false, undefined, 'down'],
    ['Starting', true, undefined, 'setup'],
    ['Starting', false, undefined, 'down'],
    ['Stopped', true, 'SetupAndAdjustment', 'setup'],
    ['Stopped', false, 'PlannedMaintenance', 'plannedDown'],
    ['Suspended', true, 'Break', 'plannedDown'],
    ['Unknown', true, undefined, 'unclassified'],
  ])('%s with an order %s, classified %s, is %s', (state, ordered, lossClass, element) =>
    expect(elementOf({ state, ordered, lossClass })).toBe(element),
  );

  test('time before the first state, and after a lost signal, is unclassified', () =>
    expect(timeElements(shift, [interval('09:00', '12:00', 'Execute'), interval('12:00', '20:00', 'Unknown')], at('23:00'))).toMatchObject({
      production: minutes(180),
      unclassified: minutes(60 + 240),
      plannedBusy: minutes(480),
    }));

  test('time that is still to come does not count', () =>
    expect(timeElements(shift, [interval('08:00', '09:00', 'Execute')], at('09:00'))).toMatchObject({
      plannedOperation: minutes(60),
      production: minutes(60),
      unclassified: 0,
    }));

  test('planned maintenance is not planned busy time', () =>
    expect(timeElements(shift, [interval('08:00', '09:00', 'Stopped', { lossClass: 'PlannedMaintenance' })], at('23:00'))).toMatchObject({
      plannedOperation: minutes(480),
      plannedDown: minutes(60),
      plannedBusy: minutes(420),
    }));

  const moment = fc.integer({ min: 0, max: 2_000 });
  const periods = fc.array(
    fc.tuple(moment, moment).map(([from, to]) => ({ from, to })),
    { maxLength: 6 },
  );
  // As the view keeps them: intervals of one machine do not overlap, and may leave gaps.
  const states = fc
    .uniqueArray(moment, { maxLength: 12 })
    .map((times) => times.sort((a, b) => a - b))
    .chain((times) =>
      fc.tuple(
        ...times
          .slice(1)
          .map((to, index) =>
            fc.record({
              from: fc.constant(times[index]!),
              to: fc.integer({ min: times[index]!, max: to }),
              state: fc.constantFrom('Execute', 'Held', 'Idle', 'Starting', 'Unknown', 'Aborted'),
              ordered: fc.boolean(),
              lossClass: fc.constantFrom(null, 'Break', 'PlannedMaintenance', 'SetupAndAdjustment', 'Breakdown'),
            }),
          ),
      ),
    );

  test('divide planned busy time without gap or overlap, whatever happened', () =>
    fc.assert(
      fc.property(periods, states, moment, (planned, intervals, now) => {
        const elements = timeElements(planned, intervals as StateInterval[], now);
        const { plannedOperation, plannedDown, plannedBusy, production, setup, delay, down, unclassified } = elements;
        const total = merged(planned.map(({ from, to }) => ({ from, to: Math.min(to, now) }))).reduce((sum, p) => sum + p.to - p.from, 0);
        expect([plannedOperation, plannedBusy, production + setup + delay + down + unclassified]).toEqual([
          total,
          total - plannedDown,
          plannedBusy,
        ]);
        expect(Math.min(...Object.values(elements))).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 10_000 },
    ));

  test('of parts of a period add up to those of the period', () =>
    fc.assert(
      fc.property(states, moment, moment, moment, (intervals, ...times) => {
        const [from, between, to] = times.sort((a, b) => a - b) as [number, number, number];
        const of = (first: number, last: number) => timeElements([{ from: first, to: last }], intervals as StateInterval[], 5_000);
        expect(sumOfElements([of(from, between), of(between, to)])).toEqual(of(from, to));
      }),
    ));
});

describe('KPIs', () => {
  // The example of Rhize (domain.md 2.4): 09:00 to 12:00, delayed 10:30 to 11:00, ideal cycle 10 s, 800 good, 200 scrap.
  const time = timeElements(
    [period('09:00', '12:00')],
    [interval('09:00', '10:30', 'Execute'), interval('10:30', '11:00', 'Held'), interval('11:00', '12:00', 'Execute')],
    at('13:00'),
  );

  test('are those of the known example', () => {
    const kpis = kpisOf(time, quantitiesOf([report('800', '200', '10')]), noFailure);
    expect(time).toMatchObject({ production: 9_000_000, delay: 1_800_000, plannedBusy: 10_800_000 });
    expect(kpis.availability.value).toBe('0.833333');
    expect(kpis.effectiveness).toEqual({
      value: '1.111111',
      numerator: '10000',
      denominator: '9000',
      why: null,
      doubt: 'IdealCycleTooLong',
    });
    expect(kpis.qualityRatio.value).toBe('0.800000');
    expect(kpis.oee.value).toBe('0.740741');
    expect(kpis.scrapRatio.value).toBe('0.200000');
  });

  test('of two products on one machine weigh each by its ideal cycle', () => {
    const kpis = kpisOf(time, quantitiesOf([report('100', '0', '30'), report('400', '100', '6')]), noFailure);
    expect(kpis.oee).toMatchObject({ numerator: '5400', denominator: '10800', value: '0.500000' });
    expect(kpis.qualityRatio).toMatchObject({ numerator: '5400', denominator: '6000', value: '0.900000' });
  });

  test('without planned time, production time or quantity have no value but a reason', () => {
    const none = kpisOf(NO_TIME, quantitiesOf([]), noFailure);
    expect(none.availability).toEqual({ value: null, numerator: '0', denominator: '0', why: 'NoPlannedTime', doubt: null });
    expect(none.effectiveness.why).toBe('NoProductionTime');
    expect(none.qualityRatio.why).toBe('NoQuantity');
    expect(none.meanTimeToRepair.why).toBe('NoFailure');
  });

  test('without an ideal cycle there is no OEE, but a quality ratio', () => {
    const kpis = kpisOf(time, quantitiesOf([report('90', '10', null)]), noFailure);
    expect(kpis.oee).toMatchObject({ value: null, why: 'NoIdealCycle' });
    expect(kpis.qualityRatio.value).toBe('0.900000');
  });

  test('of several units have no ratio of pieces', () =>
    expect(kpisOf(time, quantitiesOf([report('1', '0', null), report('2', '0', null, 'kg')]), noFailure).scrapRatio.why).toBe(
      'SeveralUnits',
    ));

  test('of failures have the mean over failures, and that of ISO 22400 over failures and one', () => {
    const kpis = kpisOf(time, quantitiesOf([]), { count: 2, repairMs: 1_800_000 });
    expect(kpis.meanTimeToRepair.value).toBe('900.000000');
    expect(kpis.meanTimeToRepairIso.value).toBe('600.000000');
    expect(kpis.meanOperatingTimeBetweenFailures.value).toBe('4500.000000');
    expect(kpis.meanOperatingTimeBetweenFailuresIso.value).toBe('3000.000000');
  });

  const amount = fc.integer({ min: 0, max: 10_000 }).map(String);
  const reports = fc.array(
    fc.tuple(amount, amount, fc.constantFrom('0.5', '7', '61.25')).map(([good, scrap, cycle]) => report(good, scrap, cycle)),
    { maxLength: 8 },
  );

  test('OEE is availability times effectiveness times quality', () =>
    fc.assert(
      fc.property(reports, (made) => {
        const { availability: a, effectiveness: e, qualityRatio: q, oee } = kpisOf(time, quantitiesOf(made), noFailure);
        if (q.value === null) return;
        const product = [a, e, q].reduce((value, { numerator, denominator }) => (value * Number(numerator)) / Number(denominator), 1);
        expect(product).toBeCloseTo(Number(oee.numerator) / Number(oee.denominator), 9);
      }),
    ));

  test('are rolled up by sums: quantities of parts together are those of the whole', () =>
    fc.assert(
      fc.property(reports, reports, (some, others) =>
        expect(sumOfQuantities([quantitiesOf(some), quantitiesOf(others)])).toEqual(quantitiesOf([...some, ...others])),
      ),
    ));
});
