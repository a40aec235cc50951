import { applyDecorators } from '@nestjs/common';
import { Field, Float, ID, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';
import { DateTime, Decimal } from '#platform/commands/scalars';
import { WhyNoValue, type Kpi, type Kpis, type Made } from './kpis';

registerEnumType(WhyNoValue, { name: 'WhyNoValue', description: 'Why a KPI has no value.' });

const Said = (field: Parameters<typeof Field>[0], api: Parameters<typeof ApiProperty>[0], description: string, nullable = false) =>
  applyDecorators(Field(field, { description, nullable }), ApiProperty({ ...api, description, nullable } as never));
const Seconds = (description: string) => Said(() => Float, { type: Number }, `${description}, in seconds.`);
const Value = (description: string) => Said(() => KpiAnswer, { type: () => KpiAnswer }, description);
const Amount = (description: string) => Said(() => Decimal, { type: String }, description);
const Moment = (description: string) => Said(() => DateTime, { type: String, format: 'date-time' } as never, description);

/** A ratio with what it is made of. */
@ObjectType('Kpi', {})
class KpiAnswer implements Kpi {
  @Said(() => Decimal, { type: String }, 'Six decimals; null where there is none.', true)
  value: string | null;

  @Amount('In seconds, or in the unit of the quantities.')
  numerator: string;

  @Amount('Likewise. Sums of several machines are ratios of sums.')
  denominator: string;

  @Said(() => WhyNoValue, { enum: Object.values(WhyNoValue) } as never, 'Why there is no value.', true)
  why: WhyNoValue | null;
}

/** Time elements of ISO 22400-2. plannedBusy = production + setup + delay + down + unclassified. */
@ObjectType('TimeElements', {})
class TimeElementsAnswer {
  @Seconds('POT: planned operation time, up to now')
  plannedOperation: number;

  @Seconds('PDOT: stops classified as planned maintenance or break')
  plannedDown: number;

  @Seconds('PBT: planned busy time')
  plannedBusy: number;

  @Seconds('APT: the machine executed')
  production: number;

  @Seconds('AUST: set-up for an order')
  setup: number;

  @Seconds('ADET: stops with an order at the machine')
  delay: number;

  @Seconds('ADOT: stops without an order')
  down: number;

  @Seconds('Nothing is known of the machine')
  unclassified: number;
}

/** What was made, of one unit of measure. */
@ObjectType('MadeQuantity', {})
class MadeAnswer implements Made {
  @Said(() => String, { type: String }, 'Unit of the amounts.')
  unit: string;

  @Amount('GQ.')
  good: string;

  @Amount('SQ.')
  scrap: string;

  @Amount('RQ.')
  rework: string;
}

/** KPIs of ISO 22400-2. */
@ObjectType('Kpis', {})
class KpisAnswer implements Kpis {
  @Value('APT / PBT.')
  availability: KpiAnswer;

  @Value('Σ(PRI·PQ) / APT. Above 1 an ideal cycle is probably too long.')
  effectiveness: KpiAnswer;

  @Value('Σ(PRI·GQ) / Σ(PRI·PQ); GQ / PQ where an ideal cycle is not known.')
  qualityRatio: KpiAnswer;

  @Value('Σ(PRI·GQ) / PBT = availability · effectiveness · quality ratio.')
  oee: KpiAnswer;

  @Value('(APT + AUST) / PBT · effectiveness · quality ratio.')
  netEquipmentEffectiveness: KpiAnswer;

  @Value('(APT + AUST + ADET) / PBT.')
  allocationEfficiency: KpiAnswer;

  @Value('APT / (APT + AUST + ADET).')
  utilizationEfficiency: KpiAnswer;

  @Value('APT / (APT + ADET).')
  technicalEfficiency: KpiAnswer;

  @Value('AUST / (APT + AUST).')
  setupRatio: KpiAnswer;

  @Value('SQ / PQ.')
  scrapRatio: KpiAnswer;

  @Value('RQ / PQ.')
  reworkRatio: KpiAnswer;

  @Value('Repair time / failures, in seconds. A failure is a stop by Abort that began in the period.')
  meanTimeToRepair: KpiAnswer;

  @Value('MTTR of ISO 22400-2: repair time / (failures + 1).')
  meanTimeToRepairIso: KpiAnswer;

  @Value('APT / failures, in seconds.')
  meanOperatingTimeBetweenFailures: KpiAnswer;

  @Value('MOTBF of ISO 22400-2: APT / (failures + 1).')
  meanOperatingTimeBetweenFailuresIso: KpiAnswer;
}

/** Time, quantities and KPIs of one machine, or of all of them together. */
@ObjectType('Performance', {})
export class PerformanceAnswer {
  @Said(() => ID, { type: String }, 'The machine; null for the sum of all.', true)
  equipmentId: string | null;

  @Said(() => TimeElementsAnswer, { type: () => TimeElementsAnswer }, 'Time elements.')
  time: TimeElementsAnswer;

  @Said(() => [MadeAnswer], { type: () => [MadeAnswer] } as never, 'Quantities of the reports that ended in the period.')
  made: MadeAnswer[];

  @Said(() => KpisAnswer, { type: () => KpisAnswer }, 'KPIs.')
  kpis: KpisAnswer;
}

/** The performance of machines in one period. */
@ObjectType('PerformancePeriod', {})
export class PerformancePeriod {
  @Said(() => String, { type: String }, 'Name of the shift; null without a calendar, and for the time outside all shifts.', true)
  shift: string | null;

  @Said(
    () => String,
    { type: String },
    'The day that the shift belongs to: the one on which it begins, YYYY-MM-DD; null without a shift.',
    true,
  )
  day: string | null;

  @Moment('Beginning.')
  from: string;

  @Moment('End.')
  to: string;

  @Said(() => [PerformanceAnswer], { type: () => [PerformanceAnswer] } as never, 'One entry for each machine.')
  items: PerformanceAnswer[];

  @Said(() => PerformanceAnswer, { type: () => PerformanceAnswer }, 'All of them, by sums of numerators and denominators.')
  total: PerformanceAnswer;
}

@ObjectType('PerformanceReport', {})
export class PerformanceReport {
  @Said(
    () => [PerformancePeriod],
    { type: () => [PerformancePeriod] } as never,
    'The period asked for; with a calendar its shifts, and last the time outside of them.',
  )
  periods: PerformancePeriod[];

  @Moment('Planned time after this moment is not counted yet.')
  until: string;

  @Said(() => String, { type: String }, 'Position of the log up to which the answer is complete.')
  position: string;

  @Said(() => Boolean, { type: Boolean }, 'True if `waitFor` was not reached in time.')
  behind: boolean;
}
