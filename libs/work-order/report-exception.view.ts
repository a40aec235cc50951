import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import type { CounterMove } from './report.events';
import { reportExceptionTypes, type ReportExceptionEvent } from './report-exception.events';

/** A rule that a floor report broke: recorded beside the report, for a person to check. */
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

  /** What is wrong, as a sentence. */
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

/** What is wrong, as a sentence. */
function described({ type, data }: ReportExceptionEvent): string {
  switch (type) {
    case 'OverproductionDetected':
      return `operation ${data.operationId} made ${data.good} ${data.unit}, ${data.excess} more than the limit of ${data.limit}`;
    case 'CounterDiscontinuityDetected':
      return `counter ${data.counterId} went from ${data.previous} to ${data.raw}; counted as ${discontinuities[data.move] ?? data.move}`;
    case 'ScrapBeyondOrderDetected':
      return `operation ${data.operationId} used ${data.good} ${data.unit} good and ${data.scrap} scrap; the limit of both is ${data.limit}`;
    case 'FractionOfPieceDetected':
      return `${data.amount} pcs is not a whole number of pieces`;
    case 'OverlapDetected':
      return `overlaps with ${data.overlaps.join(', ')} on ${data.equipmentId}`;
    case 'MachineOccupiedDetected':
      return `${data.others.join(', ')} had ${data.equipmentId} at that time`;
    case 'UnknownReferenceDetected':
      return data.retired ? `${data.kind} ${data.id} is no longer in use` : `the plant has no ${data.kind} ${data.id}`;
    case 'RepeatedReportDetected':
      return `repeats ${data.repeats}; both are counted`;
    case 'ConflictingReportDetected':
      return `the id is used by another report; this one (${data.good} good at ${data.operationId}) is not counted`;
    case 'ReportOnClosedOrderDetected':
    case 'ReportBeforeStartDetected':
      return `the order was ${data.status}`;
    case 'ZeroQuantityDetected':
      return 'all quantities are zero';
    case 'ImplausibleTimeDetected':
      return `from ${data.from} to ${data.to}: ${timeProblems[data.problem]}`;
    case 'UpstreamShortfallDetected':
      return `operation ${data.operationId} used ${data.used} ${data.unit}, operation ${data.upstreamOperationId} passed on ${data.passedOn}`;
    case 'UnplannedOperationDetected':
      return `operation ${data.name} is not planned in the order`;
    case 'OrderMismatchDetected':
      return `${data.field.toLowerCase()} differs: ${data.known} in the order, ${data.told} in the report`;
  }
}
const discontinuities: Readonly<Partial<Record<CounterMove, string>>> = {
  Reset: 'reset to zero',
  Replaced: 'a replaced counter',
  Recovered: 'a glitch',
  FellBack: 'a spike, which is taken back',
  BeforeReset: 'told late, made before a reset',
};
const timeProblems = {
  EndBeforeStart: 'the end is before the start',
  InTheFuture: 'in the future',
  BeforeRelease: 'before the order was released',
} as const;

/** Every rule that floor reports broke. */
export const reportException: View<ReportException, ReportExceptionEvent> = {
  name: 'report-exception',
  version: 4,
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
