import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { EquipmentRegistered } from '#equipment/equipment.events';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, CellMany, Key, ScopeCell } from '#platform/views/cells';
import { endingAfter, type Span, withoutReport, withSpan } from './compared';
import type { ReportEvent } from './report.events';

/** A report for a machine that had no room for it beside other orders. */
@ObjectType('OverlappingReport', {})
class OverlappingReport {
  @Cell('id')
  workOrderId: string;

  @Cell('text')
  reportId: string;

  /** Floor time. */
  @Cell('instant')
  from: string;

  @Cell('instant')
  to: string;

  /** The other orders that were reported on the machine within that time. */
  @Cell('ids')
  others: string[];
}

/** Orders that were reported on one machine at the same time, beyond its capacity, whether or not they had been started on it. */
@Entity('machine_overlap')
@Index(['facilityId', 'latestAt'])
@Index(['latestAt'])
@ObjectType('MachineOverlap', {})
export class MachineOverlap {
  @Key()
  equipmentId: string;

  @ScopeCell()
  facilityId: string;

  /** Orders at a time; absent where there is no limit. */
  @Cell('whole', { optional: true })
  capacity: number | null;

  /** Number of reports without room. */
  @Cell('whole')
  overlaps: number;

  /** The last 50 of them, as they were recorded. */
  @CellMany(() => OverlappingReport)
  reports: OverlappingReport[];

  /** Floor time at which the latest of them begins. */
  @Cell('instant', { optional: true })
  latestAt: string | null;

  /** The 100 reports that end last: a report is compared with these. A line for each: end, milliseconds that it lasted (base 36), order, report. */
  @Cell('text')
  compared: string;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const NAMED = 50;

type Row = Omit<MachineOverlap, 'position' | 'recordedAt'>;
type Report = Exclude<ReportEvent, { type: 'CounterRead' }>;

/** The other orders within the time of a report, if they and it are more at once than the machine can take. */
function othersWithout(room: number | null, { workOrderId, from, to }: Span, compared: string): string[] {
  if (room === null) return [];
  const within = endingAfter(compared, from).filter(
    (other) => other.workOrderId !== workOrderId && other.from < to && other.from < other.to,
  );
  // Most of them are at work together when one of them begins, or the report itself.
  const atOnce = within.map(({ from: begins }) => {
    const moment = begins > from ? begins : from;
    return new Set(within.filter((other) => other.from <= moment && moment < other.to).map((other) => other.workOrderId)).size;
  });
  return Math.max(0, ...atOnce) < room ? [] : [...new Set(within.map((other) => other.workOrderId))].sort();
}

function reported(row: Row, span: Span): Row {
  const others = othersWithout(row.capacity, span, row.compared);
  const compared = withSpan(row.compared, span);
  if (others.length === 0) return { ...row, compared };
  const reports = [...row.reports, { ...span, others }].slice(-NAMED);
  return { ...row, compared, reports, overlaps: row.overlaps + 1, latestAt: latestOf(reports) };
}

function reversed(row: Row, { workOrderId, reportId }: Span): Row {
  const reports = row.reports.filter((each) => each.workOrderId !== workOrderId || each.reportId !== reportId);
  const overlaps = row.overlaps - (row.reports.length - reports.length);
  const compared = withoutReport(row.compared, { workOrderId, reportId });
  return { ...row, compared, reports, overlaps, latestAt: latestOf(reports) };
}

const latestOf = (reports: readonly Pick<Span, 'from'>[]): string | null =>
  reports
    .map(({ from }) => from)
    .sort()
    .at(-1) ?? null;
const utc = (instant: string): string => new Date(instant).toISOString();

/** Every machine with reports, and the reports that it had no room for. */
export const machineOverlap: View<MachineOverlap, Report | EquipmentRegistered> = {
  name: 'machine-overlap',
  version: 3,
  row: MachineOverlap,
  events: ['ProductionReported', 'ProductionObserved', 'ProductionReportReversed', 'ProductionReportCorrected', 'EquipmentRegistered'],
  keys: ({ data }) => [data.equipmentId],
  // Orders of several streams are reported on one machine.
  partition: ({ data }) => data.equipmentId,
  fold: (rows, { type, data }) => {
    const { equipmentId } = data;
    const row: Row = rows.get(equipmentId) ?? {
      equipmentId,
      facilityId: facilityOf(equipmentId),
      capacity: 1,
      overlaps: 0,
      reports: [],
      latestAt: null,
      compared: '',
    };
    const put = (after: Row) => rows.put(after as MachineOverlap);
    if (type === 'EquipmentRegistered') return put({ ...row, capacity: data.maxConcurrent });
    const span = { workOrderId: data.workOrderId, reportId: data.reportId, from: utc(data.from), to: utc(data.to) };
    put(type === 'ProductionReportReversed' ? reversed(row, span) : reported(row, span));
  },
};
