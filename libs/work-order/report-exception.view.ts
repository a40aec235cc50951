import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import type { CounterMove } from './report.events';
import { reportExceptionTypes, type ReportExceptionEvent } from './report-exception.events';

/** A rule that a report of the floor broke: recorded beside the report, for a person to look at. */
@Entity('report_exception')
@Index(['facilityId', 'occurredAt'])
@Index(['occurredAt'])
@Index(['workOrderId', 'occurredAt'])
@Index(['kind', 'occurredAt'])
@ObjectType('ReportException', {})
export class ReportException {
  /** Id of the event. */
  @Key()
  eventId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('id')
  workOrderId: string;

  @Cell('text')
  reportId: string;

  /** The event type, e.g. OverlapDetected. */
  @Cell('text')
  kind: string;

  /** What it is about, in words. */
  @Cell('text')
  details: string;

  /** Floor time of the report. */
  @Cell('instant')
  occurredAt: string;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** What is wrong, in words. */
function described({ type, data }: ReportExceptionEvent): string {
  switch (type) {
    case 'OverproductionDetected':
      return `operation ${data.operationId} has made ${data.good} ${data.unit}, ${data.excess} more than the ${data.limit} allowed`;
    case 'CounterDiscontinuityDetected':
      return `counter ${data.counterId} went from ${data.previous} to ${data.raw}; taken as ${discontinuities[data.move] ?? data.move}`;
    case 'ScrapBeyondOrderDetected':
      return `operation ${data.operationId} has used ${data.good} ${data.unit} good and ${data.scrap} scrap; the order allows ${data.limit} in all`;
    case 'FractionOfPieceDetected':
      return `${data.amount} pcs: pieces are whole`;
    case 'OverlapDetected':
      return `${data.equipmentId} was at work on ${data.overlaps.join(', ')} at the same time`;
    case 'MachineOccupiedDetected':
      return `${data.others.join(', ')} had ${data.equipmentId} at that time`;
    case 'RepeatedReportDetected':
      return `says the same as ${data.repeats}; both are counted`;
    case 'ConflictingReportDetected':
      return `the id was used before for other content; this one (${data.good} good at ${data.operationId}) is not counted`;
    case 'ReportOnClosedOrderDetected':
    case 'ReportBeforeStartDetected':
      return `the order was ${data.status}`;
    case 'ZeroQuantityDetected':
      return 'a production report without any pieces';
    case 'ImplausibleTimeDetected':
      return `from ${data.from} to ${data.to}: ${timeProblems[data.problem]}`;
    case 'UpstreamShortfallDetected':
      return `operation ${data.operationId} has used ${data.used} ${data.unit}, operation ${data.upstreamOperationId} has passed on ${data.passedOn}`;
    case 'UnplannedOperationDetected':
      return `the order does not plan the operation ${data.name}`;
    case 'OrderMismatchDetected':
      return `${data.field.toLowerCase()}: the order says ${data.known}, the report ${data.told}`;
  }
}
const discontinuities: Readonly<Partial<Record<CounterMove, string>>> = {
  Reset: 'set back to zero',
  Replaced: 'another counter in its place; nothing counted',
  Recovered: 'a glitch that is over',
};
const timeProblems = {
  EndBeforeStart: 'it ends before it begins',
  InTheFuture: 'it lies in the future',
  BeforeRelease: 'the order was released later',
} as const;

/** Every rule that reports of the floor broke. */
export const reportException: View<ReportException, ReportExceptionEvent> = {
  name: 'report-exception',
  version: 3,
  row: ReportException,
  events: reportExceptionTypes,
  keys: ({ id }) => [id],
  fold: (rows, event) => {
    const { id: eventId, type: kind, position, recordedAt, metadata } = event;
    const { workOrderId, reportId } = event.data;
    const details = described(event);
    rows.put({
      eventId,
      facilityId: facilityOf(workOrderId),
      workOrderId,
      reportId,
      kind,
      details,
      occurredAt: metadata.occurredAt,
      position,
      recordedAt,
    });
  },
};
