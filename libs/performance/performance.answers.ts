import { ObjectType } from '@nestjs/graphql';
import type { Kpis, Made } from './kpis';
import { Amount, Fresh, Identity, KpiAnswer, Moment, Named, One, Restated, Seconds, Several, Value } from './fields.answers';

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
  @Named('Unit of the amounts.')
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
  @Identity('The machine; null for the sum of all.', true)
  equipmentId: string | null;

  @One(() => TimeElementsAnswer, 'Time elements.')
  time: TimeElementsAnswer;

  @Several(() => MadeAnswer, 'Quantities of the reports that ended in the period.')
  made: MadeAnswer[];

  @One(() => KpisAnswer, 'KPIs.')
  kpis: KpisAnswer;

  @Restated()
  restatedAt: string | null;
}

/** The performance of machines in one period. */
@ObjectType('PerformancePeriod', {})
export class PerformancePeriod {
  @Named('Name of the shift; null without a calendar, and for the time outside all shifts.', true)
  shift: string | null;

  @Named('The day that the shift belongs to: the one on which it begins, YYYY-MM-DD; null without a shift.', true)
  day: string | null;

  @Moment('Beginning.')
  from: string;

  @Moment('End.')
  to: string;

  @Several(() => PerformanceAnswer, 'One entry for each machine.')
  items: PerformanceAnswer[];

  @One(() => PerformanceAnswer, 'All of them, by sums of numerators and denominators.')
  total: PerformanceAnswer;
}

@ObjectType('PerformanceReport', {})
export class PerformanceReport extends Fresh {
  @Several(() => PerformancePeriod, 'The period asked for; with a calendar its shifts, and last the time outside of them.')
  periods: PerformancePeriod[];

  @Several(() => PerformanceAnswer, 'One entry for each machine, over all periods together.')
  items: PerformanceAnswer[];

  @One(() => PerformanceAnswer, 'All machines over all periods, by sums of numerators and denominators.')
  total: PerformanceAnswer;

  @Moment('Planned time after this moment is not counted yet.')
  until: string;
}
