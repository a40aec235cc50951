/**
 * KPIs of ISO 22400-2 from time elements and quantities. Hides: exact division. Promises: each KPI has its numerator and denominator; with a zero
 * denominator a reason instead of a value; OEE is Σ(PRI·GQ) / PBT, and equals availability × effectiveness × quality exactly. Does not: read anything.
 */
import { millionths, plus } from '#manufacturing/quantity';
import type { TimeElements } from './time-elements';

/** What was made of one unit of measure: amounts are decimal strings. PQ = good + scrap + rework. */
export type Made = Readonly<{ unit: string; good: string; scrap: string; rework: string }>;

/** What one report says was made, with the ideal cycle of its operation in seconds (PRI); null if the plan has none. */
export type Report = Made & Readonly<{ idealCycleSeconds: string | null }>;

/** Quantities, and the time that they would ideally take (10⁻¹² s: a cycle and an amount in millionths each). */
export type Quantities = Readonly<{
  byUnit: readonly Made[];
  /** Σ PRI·PQ, in 10⁻¹² s. */
  idealForProduced: bigint;
  /** Σ PRI·GQ, in 10⁻¹² s. */
  idealForGood: bigint;
  /** True if a quantity was reported for an operation without ideal cycle: effectiveness and OEE have no value. */
  withoutCycle: boolean;
}>;

/** Why a KPI has no value. */
export const WhyNoValue = {
  NoPlannedTime: 'NoPlannedTime',
  NoProductionTime: 'NoProductionTime',
  NoQuantity: 'NoQuantity',
  NoIdealCycle: 'NoIdealCycle',
  SeveralUnits: 'SeveralUnits',
  NoFailure: 'NoFailure',
  NothingDue: 'NothingDue',
  NoExecutionTime: 'NoExecutionTime',
} as const;
export type WhyNoValue = keyof typeof WhyNoValue;

/** What is doubtful about a value that is shown all the same. */
export const Doubt = { IdealCycleTooLong: 'IdealCycleTooLong', MadeWithoutTime: 'MadeWithoutTime' } as const;
export type Doubt = keyof typeof Doubt;

/** A ratio with what it is made of; `value` has six decimals. */
export type Kpi = Readonly<{ value: string | null; numerator: string; denominator: string; why: WhyNoValue | null; doubt: Doubt | null }>;

const MS = 1_000n;

export function quantitiesOf(reports: readonly Report[]): Quantities {
  const byUnit = new Map<string, Made>();
  let [idealForProduced, idealForGood, withoutCycle] = [0n, 0n, false];
  for (const { unit, good, scrap, rework, idealCycleSeconds } of reports) {
    const before = byUnit.get(unit) ?? { unit, good: '0', scrap: '0', rework: '0' };
    byUnit.set(unit, { unit, good: plus(before.good, good), scrap: plus(before.scrap, scrap), rework: plus(before.rework, rework) });
    const produced = millionths(plus(good, plus(scrap, rework)));
    if (produced === 0n) continue;
    if (idealCycleSeconds === null) withoutCycle = true;
    else {
      // Millionths of seconds times millionths of pieces; both factors are exact, so the product is kept whole.
      idealForProduced += millionths(idealCycleSeconds) * produced;
      idealForGood += millionths(idealCycleSeconds) * millionths(good);
    }
  }
  return { byUnit: [...byUnit.values()].sort((a, b) => (a.unit < b.unit ? -1 : 1)), idealForProduced, idealForGood, withoutCycle };
}

/** Quantities of several machines or periods together. */
export const sumOfQuantities = (all: readonly Quantities[]): Quantities => ({
  byUnit: quantitiesOf(all.flatMap(({ byUnit }) => byUnit).map((made) => ({ ...made, idealCycleSeconds: '0' }))).byUnit,
  idealForProduced: all.reduce((sum, { idealForProduced }) => sum + idealForProduced, 0n),
  idealForGood: all.reduce((sum, { idealForGood }) => sum + idealForGood, 0n),
  withoutCycle: all.some(({ withoutCycle }) => withoutCycle),
});

/** Stops of a machine by its own failure (cause Abort), and the time until it was repaired, in ms. */
export type Failures = Readonly<{ count: number; repairMs: number }>;

export type Kpis = Readonly<
  Record<
    | 'availability'
    | 'effectiveness'
    | 'qualityRatio'
    | 'oee'
    | 'netEquipmentEffectiveness'
    | 'allocationEfficiency'
    | 'utilizationEfficiency'
    | 'technicalEfficiency'
    | 'setupRatio'
    | 'scrapRatio'
    | 'reworkRatio'
    | 'meanTimeToRepair'
    | 'meanTimeToRepairIso'
    | 'meanOperatingTimeBetweenFailures'
    | 'meanOperatingTimeBetweenFailuresIso',
    Kpi
  >
>;

/** 10¹²: ideal times are products of two amounts in millionths. */
const PICO = 1_000_000_000_000n;
const milliseconds = (ms: number): bigint => BigInt(ms) * (PICO / MS);

export function kpisOf(time: TimeElements, made: Quantities, failures: Failures): Kpis {
  const [apt, aust, adet, pbt] = [time.production, time.setup, time.delay, time.plannedBusy].map(milliseconds) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const ideal = (numerator: bigint, denominator: bigint, zero: WhyNoValue): Kpi =>
    made.withoutCycle ? without(numerator, denominator, 'NoIdealCycle') : ratio(numerator, denominator, zero);
  const pieces = (numerator: (of: Made) => string): Kpi => {
    const [only, other] = made.byUnit;
    if (other) return without(0n, 0n, 'SeveralUnits');
    if (!only) return without(0n, 0n, 'NoQuantity');
    const scale = PICO / 1_000_000n;
    const produced = plus(only.good, plus(only.scrap, only.rework));
    return ratio(millionths(numerator(only)) * scale, millionths(produced) * scale, 'NoQuantity');
  };
  const failed = BigInt(failures.count) * PICO;
  const repair = milliseconds(failures.repairMs);
  const oee = ideal(made.idealForGood, pbt, 'NoPlannedTime');
  return {
    availability: ratio(apt, pbt, 'NoPlannedTime'),
    effectiveness: doubted(ideal(made.idealForProduced, apt, 'NoProductionTime'), made.idealForProduced > apt),
    // Weighted by ideal time where it is known, so that products of different cycles add up to OEE.
    qualityRatio:
      made.withoutCycle || made.idealForProduced === 0n
        ? pieces(({ good }) => good)
        : ratio(made.idealForGood, made.idealForProduced, 'NoQuantity'),
    // Not the product of its factors then: something was made, but no production time is known.
    oee: doubted(oee, apt === 0n && made.idealForProduced > 0n, 'MadeWithoutTime'),
    netEquipmentEffectiveness: netOf(apt + aust, apt, pbt, made),
    allocationEfficiency: ratio(apt + aust + adet, pbt, 'NoPlannedTime'),
    utilizationEfficiency: ratio(apt, apt + aust + adet, 'NoProductionTime'),
    technicalEfficiency: ratio(apt, apt + adet, 'NoProductionTime'),
    setupRatio: ratio(aust, apt + aust, 'NoProductionTime'),
    scrapRatio: pieces(({ scrap }) => scrap),
    reworkRatio: pieces(({ rework }) => rework),
    meanTimeToRepair: ratio(repair, failed, 'NoFailure'),
    meanTimeToRepairIso: ratio(repair, failed + PICO, 'NoFailure'),
    meanOperatingTimeBetweenFailures: ratio(apt, failed, 'NoFailure'),
    meanOperatingTimeBetweenFailuresIso: ratio(apt, failed + PICO, 'NoFailure'),
  };
}

/** NEE = (AUPT / PBT) · E · Q = AUPT · Σ(PRI·GQ) / (PBT · APT). */
function netOf(aupt: bigint, apt: bigint, pbt: bigint, { idealForGood, withoutCycle }: Quantities): Kpi {
  const [numerator, denominator] = [(aupt * idealForGood) / PICO, (pbt * apt) / PICO];
  if (withoutCycle) return without(numerator, denominator, 'NoIdealCycle');
  return ratio(numerator, denominator, pbt === 0n ? 'NoPlannedTime' : 'NoProductionTime');
}

/** A value that is shown all the same, such as an effectiveness above 1. */
const doubted = (kpi: Kpi, doubtful: boolean, doubt: Doubt = 'IdealCycleTooLong'): Kpi =>
  kpi.value !== null && doubtful ? { ...kpi, doubt } : kpi;

const without = (numerator: bigint, denominator: bigint, why: WhyNoValue): Kpi => ({
  value: null,
  ...said(numerator, denominator),
  why,
  doubt: null,
});

function ratio(numerator: bigint, denominator: bigint, zero: WhyNoValue): Kpi {
  if (denominator === 0n) return without(numerator, denominator, zero);
  const value = decimals((numerator * 2_000_000n + denominator) / (2n * denominator));
  return { value, ...said(numerator, denominator), why: null, doubt: null };
}

/** A ratio of two amounts: decimal strings. */
export const ratioOf = (numerator: string, denominator: string, zero: WhyNoValue): Kpi =>
  ratio(millionths(numerator) * 1_000_000n, millionths(denominator) * 1_000_000n, zero);

/** Numerator and denominator as decimals of seconds or pieces. */
const said = (numerator: bigint, denominator: bigint) => ({ numerator: short(numerator), denominator: short(denominator) });
const short = (value: bigint): string => decimals(value / 1_000_000n).replace(/\.?0+$/, '') || '0';
const decimals = (value: bigint): string => {
  const digits = value.toString().padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
};
