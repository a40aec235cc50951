import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { facilityOf } from '#manufacturing/facility';
import { sum } from '#manufacturing/quantity';
import { Cell, CellMany, Key, ScopeCell } from '#platform/views/cells';
import type { ReportEvent, Scrap } from './report.events';

/** Scrap with its reason. */
@ObjectType('ScrapOfReason', {})
class ScrapOfReason implements Scrap {
  @Cell('text')
  reasonCode: string;

  @Cell('amount')
  quantity: string;
}

/** What one floor report, or one reading of a counter, says was made. Corrections are rows of their own; what they replace stays, as reversed. */
@Entity('production_report')
@Index(['facilityId', 'endedAt'])
@Index(['equipmentId', 'endedAt'])
@Index(['workOrderId', 'endedAt'])
@ObjectType('ProductionReport', {})
export class ProductionReport {
  /** The work order and the report, or the counter with its reading and the time of that. */
  @Key()
  entryId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('id')
  workOrderId: string;

  @Cell('text')
  operationId: string;

  @Cell('id')
  equipmentId: string;

  /** Absent for a reading of a counter. */
  @Cell('text', { optional: true })
  reportId: string | null;

  /** Production, Setup or Breakdown; Counter for a reading. */
  @Cell('text')
  kind: string;

  @Cell('text', { optional: true })
  person: string | null;

  @Cell('amount')
  good: string;

  @Cell('amount')
  scrap: string;

  /** The reasons of the scrap; absent ones are not repeated. */
  @Cell('texts')
  scrapReasons: string[];

  /** The scrap by its reasons. */
  @CellMany(() => ScrapOfReason)
  scrapByReason: ScrapOfReason[];

  @Cell('amount')
  rework: string;

  @Cell('text')
  unit: string;

  /** Floor time at which the work began; for a counter the time of the reading. */
  @Cell('instant')
  startedAt: string;

  /** Floor time at which it ended: the quantities count from then on. */
  @Cell('instant')
  endedAt: string;

  /** True where a correction replaced it: it counts no longer. */
  @Cell('flag')
  reversed: boolean;

  /** The report that it corrects, or that replaced it. */
  @Cell('text', { optional: true })
  otherReportId: string | null;

  /** Why it was corrected, in the words of the person who did. */
  @Cell('text', { optional: true })
  correctionReason: string | null;

  /** Id of the event that made the row, for its history. */
  @Cell('text')
  eventId: string;

  /** Id of the event that reversed it. */
  @Cell('text', { optional: true })
  reversalEventId: string | null;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const entryOf = (workOrderId: string, reportId: string): string => `${workOrderId}/${reportId}`;

const readingOf = (
  { workOrderId, counterId }: Readonly<{ workOrderId: string; counterId: string }>,
  { raw, readAt }: Readonly<{ raw: string; readAt: string }>,
): string => `${workOrderId}/${counterId}:${raw}@${readAt}`;

/** One entry for each reason, in the order of the codes. */
const byReason = (scrap: readonly Scrap[]): ScrapOfReason[] =>
  [...new Set(scrap.map(({ reasonCode }) => reasonCode))]
    .sort()
    .map((reasonCode) => ({
      reasonCode,
      quantity: sum(scrap.filter((each) => each.reasonCode === reasonCode).map(({ quantity }) => quantity)),
    }));

/** Every report of every work order, as it counts today. */
export const productionReport: View<ProductionReport, ReportEvent> = {
  name: 'production-report',
  version: 3,
  row: ProductionReport,
  events: ['ProductionReported', 'ProductionObserved', 'ProductionReportReversed', 'ProductionReportCorrected', 'CounterRead'],
  keys: ({ type, data }) => {
    if (type !== 'CounterRead') return [entryOf(data.workOrderId, data.reportId)];
    return [readingOf(data, data), ...(data.takesBack ? [readingOf(data, data.takesBack)] : [])];
  },
  fold: (rows, { id, type, data, position, recordedAt }) => {
    const { workOrderId, operationId, equipmentId, unit } = data;
    const of = { facilityId: facilityOf(workOrderId), workOrderId, operationId, equipmentId, unit, eventId: id, position, recordedAt };
    const none = { person: null, reportId: null, otherReportId: null, correctionReason: null, reversalEventId: null };
    const plain = { ...of, ...none, scrap: '0', scrapReasons: [], scrapByReason: [], rework: '0', reversed: false };
    if (type === 'CounterRead') {
      const { delta: good, readAt, takesBack } = data;
      const spike = takesBack && rows.get(readingOf(data, takesBack));
      if (spike) rows.put({ ...spike, reversed: true, reversalEventId: id, position, recordedAt });
      if (good !== '0') rows.put({ ...plain, entryId: readingOf(data, data), kind: 'Counter', good, startedAt: readAt, endedAt: readAt });
      return;
    }
    const entryId = entryOf(workOrderId, data.reportId);
    if (type === 'ProductionReportReversed') {
      const row = rows.get(entryId);
      const why = { otherReportId: data.replacedBy, correctionReason: data.reason, reversalEventId: id };
      if (row) rows.put({ ...row, ...why, reversed: true, position, recordedAt });
      return;
    }
    rows.put({
      ...plain,
      entryId,
      reportId: data.reportId,
      kind: data.kind,
      person: data.person ?? null,
      good: data.good,
      scrap: sum(data.scrap.map(({ quantity }) => quantity)),
      scrapReasons: byReason(data.scrap).map(({ reasonCode }) => reasonCode),
      scrapByReason: byReason(data.scrap),
      rework: data.rework,
      startedAt: data.from,
      endedAt: data.to,
      otherReportId: type === 'ProductionReportCorrected' ? data.replaces : null,
      correctionReason: type === 'ProductionReportCorrected' ? data.reason : null,
    });
  },
};
