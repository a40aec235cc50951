import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Amount, Flagged, Fresh, Identity, Moment, Named, Said, Seconds, Several } from './fields.answers';

/** What kind of fact a number was made from. */
export const EvidenceKind = { State: 'State', Stop: 'Stop', Assignment: 'Assignment', Report: 'Report' } as const;
export type EvidenceKind = keyof typeof EvidenceKind;
registerEnumType(EvidenceKind, { name: 'EvidenceKind', description: 'What kind of fact a number was made from.' });

/** The event behind a fact. */
@ObjectType('EvidenceEvent', {})
export class EvidenceEvent {
  @Identity('Id of the event.')
  eventId: string;

  @Named('Its type. This and the rest are null for callers who may not read the audit trail, and while that is behind.', true)
  event: string | null;

  @Identity('The stream that it is in: its whole history is at /audit/history.', true)
  entity: string | null;

  @Named('Its position in the log.', true)
  position: string | null;

  @Named('Who acted.', true)
  actor: string | null;

  @Named('In which role.', true)
  role: string | null;

  @Moment('Floor time.', true)
  occurredAt: string | null;

  @Moment('When it was recorded.', true)
  recordedAt: string | null;

  @Named('Why, in the words of the person who acted.', true)
  reason: string | null;
}

/** The time that a state counts for in one time element. */
@ObjectType('EvidencePart', {})
class EvidencePart {
  @Named('Name of the time element, e.g. production.')
  element: string;

  @Seconds('Planned operation time that counts for it')
  seconds: number;
}

/** One fact that numbers were made from. */
@ObjectType('Evidence', {})
export class EvidenceEntry {
  @Said(() => EvidenceKind, { enum: Object.values(EvidenceKind) } as never, 'Kind of fact.')
  kind: EvidenceKind;

  @Identity('Key of its row in equipment-timeline, equipment-stops, equipment-assignments or production-report.')
  rowId: string;

  @Moment('Beginning, floor time.')
  from: string;

  @Moment('End, floor time; null while it lasts.', true)
  to: string | null;

  @Several(() => EvidencePart, 'Time elements that a state counts for.')
  parts: EvidencePart[];

  @Named('State of the machine.', true)
  state: string | null;

  @Named('The stop that it is, or belongs to.', true)
  stopId: string | null;

  @Named('What began the stop.', true)
  cause: string | null;

  @Named('Reason of the stop, as classified.', true)
  reasonCode: string | null;

  @Named('Loss class of the stop, as classified.', true)
  lossClass: string | null;

  @Identity('The work order of a report or an assignment.', true)
  workOrderId: string | null;

  @Named('The product of that order.', true)
  product: string | null;

  @Named('The operation that was reported.', true)
  operationId: string | null;

  @Named('The report; null for a reading of a counter.', true)
  reportId: string | null;

  @Named('The report that it corrects, or that replaced it.', true)
  otherReportId: string | null;

  @Named('Why it was corrected.', true)
  correctionReason: string | null;

  @Amount('GQ.', true)
  good: string | null;

  @Amount('SQ.', true)
  scrap: string | null;

  @Amount('RQ.', true)
  rework: string | null;

  @Named('Unit of the amounts.', true)
  unit: string | null;

  @Amount('PRI: ideal cycle of the operation, in seconds.', true)
  idealCycleSeconds: string | null;

  @Flagged('False for a report that a correction replaced: it is shown and does not count.')
  counts: boolean;

  @Moment('When the system learned of it, or of its last classification or correction.')
  learnedAt: string;

  @Flagged('True if that was after the end of the period that was asked for.')
  restates: boolean;

  @Several(() => EvidenceEvent, 'The events behind it.')
  events: EvidenceEvent[];
}

@ObjectType('EvidenceReport', {})
export class EvidenceReport extends Fresh {
  @Several(() => EvidenceEntry, 'Facts, the earliest first; at most 500.')
  items: EvidenceEntry[];

  @Named('Send it as `after` to get the next ones; null at the end.', true)
  nextCursor: string | null;

  @Moment('Time after this moment is not counted yet.')
  until: string;
}
