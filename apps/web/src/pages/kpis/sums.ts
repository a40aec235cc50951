/** Several periods as one: sums of numerators and denominators, never averages. Pure. */
import type { Schemas } from '../../client/api';

export type Performance = Schemas['PerformanceAnswer'];
export type Kpi = Schemas['KpiAnswer'];
export type Period = Schemas['PerformancePeriod'];
type Shown = 'oee' | 'availability' | 'effectiveness' | 'qualityRatio';
export const SHOWN: readonly Shown[] = ['oee', 'availability', 'effectiveness', 'qualityRatio'];
/** Of failures, in both forms: divided by the failures, and by one more (ISO 22400-2). */
export const RELIABILITY = [
  'meanTimeToRepair',
  'meanTimeToRepairIso',
  'meanOperatingTimeBetweenFailures',
  'meanOperatingTimeBetweenFailuresIso',
] as const;
type Reliability = (typeof RELIABILITY)[number];
export const PARTS = ['production', 'setup', 'delay', 'down', 'unclassified', 'plannedDown'] as const;

/** What no sum can give: one part of it is not known, or not in the same unit. */
const LASTING: readonly Kpi['why'][] = ['NoIdealCycle', 'SeveralUnits'];

function ratioOf(parts: readonly Kpi[]): Kpi {
  if (parts.length === 1) return parts[0]!;
  const sum = (of: 'numerator' | 'denominator') => parts.reduce((so, part) => so + Number(part[of]), 0);
  const [numerator, denominator] = [sum('numerator'), sum('denominator')];
  const lasting = parts.find(({ why }) => LASTING.includes(why))?.why;
  const why = lasting ?? (denominator === 0 ? (parts.find((part) => part.why)?.why ?? 'NoPlannedTime') : null);
  const doubt = parts.find((part) => part.doubt)?.doubt ?? null;
  return {
    value: why ? null : (numerator / denominator).toFixed(6),
    numerator: String(numerator),
    denominator: String(denominator),
    why,
    doubt,
  };
}

/** Of several periods, the one more failure of the standard is added once. */
function isoOf(plain: Kpi): Kpi {
  const denominator = Number(plain.denominator) + 1;
  return { ...plain, value: (Number(plain.numerator) / denominator).toFixed(6), denominator: String(denominator), why: null };
}

function reliabilityOf(parts: readonly Performance[]): Readonly<Record<Reliability, Kpi>> {
  const [repair, operating] = (['meanTimeToRepair', 'meanOperatingTimeBetweenFailures'] as const).map((kpi) =>
    ratioOf(parts.map(({ kpis }) => kpis[kpi])),
  ) as [Kpi, Kpi];
  return {
    meanTimeToRepair: repair,
    meanTimeToRepairIso: isoOf(repair),
    meanOperatingTimeBetweenFailures: operating,
    meanOperatingTimeBetweenFailuresIso: isoOf(operating),
  };
}

/** The quality ratio is in pieces where an ideal cycle is not known: such a part has another unit than the others. */
function qualityOf(parts: readonly Performance[]): Kpi {
  const counted = parts.filter(({ kpis }) => kpis.qualityRatio.why !== 'NoQuantity');
  const inPieces = counted.filter(({ kpis }) => kpis.effectiveness.why === 'NoIdealCycle');
  const ratio = ratioOf((counted.length > 0 ? counted : parts).map(({ kpis }) => kpis.qualityRatio));
  const isMixed = inPieces.length > 0 && counted.length > 1;
  return isMixed ? { ...ratio, value: null, why: 'NoIdealCycle' } : ratio;
}

function madeOf(parts: readonly Performance[]): Performance['made'] {
  const byUnit = new Map<string, { good: number; scrap: number; rework: number }>();
  for (const { unit, good, scrap, rework } of parts.flatMap(({ made }) => made)) {
    const so = byUnit.get(unit) ?? { good: 0, scrap: 0, rework: 0 };
    byUnit.set(unit, { good: so.good + Number(good), scrap: so.scrap + Number(scrap), rework: so.rework + Number(rework) });
  }
  const text = (amount: number) => String(Math.round(amount * 1e6) / 1e6);
  return [...byUnit].map(([unit, { good, scrap, rework }]) => ({ unit, good: text(good), scrap: text(scrap), rework: text(rework) }));
}

export type Summed = Readonly<{
  equipmentId: string | null;
  time: Performance['time'];
  made: Performance['made'];
  kpis: Readonly<Record<Shown, Kpi>>;
  reliability: Readonly<Record<Reliability, Kpi>>;
  restatedAt: string | null;
}>;

function together(parts: readonly Performance[]): Summed {
  const time = { ...parts[0]!.time };
  for (const part of parts.slice(1)) for (const key of Object.keys(time) as (keyof typeof time)[]) time[key] += part.time[key];
  const of = (kpi: Shown) => ratioOf(parts.map(({ kpis }) => kpis[kpi]));
  const restated = parts.flatMap(({ restatedAt }) => restatedAt ?? []).sort();
  return {
    equipmentId: parts[0]!.equipmentId,
    time,
    made: madeOf(parts),
    kpis: { oee: of('oee'), availability: of('availability'), effectiveness: of('effectiveness'), qualityRatio: qualityOf(parts) },
    reliability: reliabilityOf(parts),
    restatedAt: restated.at(-1) ?? null,
  };
}

/** The machines over all periods, and their sum; undefined without a period. */
export function overall(periods: readonly Period[]): { machines: Summed[]; total: Summed } | undefined {
  if (periods.length === 0) return undefined;
  const ids = [...new Set(periods.flatMap(({ items }) => items.map(({ equipmentId }) => equipmentId)))];
  const machines = ids.map((id) => together(periods.flatMap(({ items }) => items.filter(({ equipmentId }) => equipmentId === id))));
  return { machines, total: together(periods.map(({ total }) => total)) };
}
