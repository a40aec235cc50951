import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, CellMany, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { type DecisionEvent, Severity } from './decision.events';

/** Status of a decision. */
export const DecisionStatus = { Open: 'Open', Made: 'Made', Withdrawn: 'Withdrawn' } as const;
export type DecisionStatus = keyof typeof DecisionStatus;
registerEnumType(DecisionStatus, { name: 'DecisionStatus', description: 'Status of a decision.' });

/** A possible answer and what follows from it. */
@ObjectType('DecisionChoice', {})
class DecisionChoice {
  option: string;

  /** What follows if it is chosen. */
  effect: string;
}

/** A decision that a person has to make, or made. */
@Entity('decision_queue')
@Index(['facilityId', 'status', 'dueAt'])
@Index(['assignee', 'status', 'dueAt'])
@Index(['about'])
@Index(['dueAt'])
@ObjectType('DecisionQueueEntry', {})
export class DecisionQueueEntry {
  @Key()
  decisionId: string;

  @ScopeCell()
  facilityId: string;

  /** Id of the order, transfer or other thing that it is about. */
  @Cell('id')
  about: string;

  @Cell('text')
  kind: string;

  @CellOneOf(DecisionStatus)
  status: DecisionStatus;

  @CellOneOf(Severity)
  severity: Severity;

  /** When it is escalated if nobody has decided. */
  @Cell('instant')
  dueAt: string;

  /** Possible answers, with the effect of each. */
  @CellMany(() => DecisionChoice)
  options: DecisionChoice[];

  /** What the decision should be based on. */
  @Cell('text', { optional: true })
  evidence: string | null;

  /** The person who is to decide. */
  @Cell('text', { optional: true })
  assignee: string | null;

  @Cell('instant')
  requestedAt: string;

  @Cell('instant', { optional: true })
  escalatedAt: string | null;

  /** The answer. */
  @Cell('text', { optional: true })
  option: string | null;

  /** Why it was decided so, or withdrawn. */
  @Cell('text', { optional: true })
  reason: string | null;

  /** The person who decided. */
  @Cell('text', { optional: true })
  decidedBy: string | null;

  /** When it was decided or withdrawn. */
  @Cell('instant', { optional: true })
  closedAt: string | null;

  /** Revision of the stream, for If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

function changes({ type, data }: Exclude<DecisionEvent, { type: 'DecisionRequested' }>): Partial<DecisionQueueEntry> {
  switch (type) {
    case 'DecisionAssigned':
      return { assignee: data.assignee };
    case 'DecisionMade':
      return { status: 'Made', option: data.option, reason: data.reason, decidedBy: data.by, closedAt: data.decidedAt };
    case 'DecisionEscalated':
      return { severity: data.to, escalatedAt: data.escalatedAt };
    case 'DecisionWithdrawn':
      return { status: 'Withdrawn', reason: data.reason, closedAt: data.withdrawnAt };
  }
}

/** The decisions of people, also those that are made. */
export const decisionQueue: View<DecisionQueueEntry, DecisionEvent> = {
  name: 'decision-queue',
  version: 1,
  row: DecisionQueueEntry,
  events: ['DecisionRequested', 'DecisionAssigned', 'DecisionMade', 'DecisionEscalated', 'DecisionWithdrawn'],
  keys: ({ data }) => [data.decisionId],
  fold: (rows, event) => {
    const { revision, position, recordedAt } = event;
    const provenance = { revision, position, recordedAt };
    if (event.type === 'DecisionRequested') {
      const { decisionId, about, kind, severity, dueAt, options, evidence, requestedAt } = event.data;
      const open = { assignee: null, escalatedAt: null, option: null, reason: null, decidedBy: null, closedAt: null };
      rows.put({
        decisionId,
        facilityId: facilityOf(decisionId),
        about,
        kind,
        status: DecisionStatus.Open,
        severity,
        dueAt,
        options: options.map(({ option, effect }) => ({ option, effect })),
        evidence: evidence ?? null,
        requestedAt,
        ...open,
        ...provenance,
      });
      return;
    }
    const row = rows.get(event.data.decisionId);
    if (row) rows.put({ ...row, ...changes(event), ...provenance });
  },
};
