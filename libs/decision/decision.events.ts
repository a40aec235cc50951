import type { Event } from '#kernel/event';

/** How much depends on a decision. */
export const Severity = { Low: 'Low', Medium: 'Medium', High: 'High', Critical: 'Critical' } as const;
export type Severity = keyof typeof Severity;

/** A possible answer and what follows from it. */
export type Choice = Readonly<{ option: string; effect: string }>;

/** What is asked. */
export type Question = Readonly<{
  /** Id of the order, transfer or other thing that the decision is about. */
  about: string;
  /** What kind of decision it is, e.g. Partial. */
  kind: string;
  severity: Severity;
  /** When it is escalated if nobody has decided, ISO 8601 UTC. */
  dueAt: string;
  options: readonly Choice[];
  /** What the decision should be based on, in words. */
  evidence?: string;
}>;

type OfDecision = Readonly<{ decisionId: string; about: string }>;

/** Somebody has to decide. */
export type DecisionRequested = Event<'DecisionRequested', Readonly<{ decisionId: string }> & Question & { requestedAt: string }>;

/** A person is to decide it. */
export type DecisionAssigned = Event<'DecisionAssigned', OfDecision & { assignee: string; from?: string; assignedAt: string }>;

/** A person decided. */
export type DecisionMade = Event<'DecisionMade', OfDecision & { option: string; reason: string; by: string; decidedAt: string }>;

/** Nobody decided in time: it is more severe now. */
export type DecisionEscalated = Event<'DecisionEscalated', OfDecision & { from: Severity; to: Severity; escalatedAt: string }>;

/** The decision is no longer needed. */
export type DecisionWithdrawn = Event<'DecisionWithdrawn', OfDecision & { reason: string; withdrawnAt: string }>;

export type DecisionEvent = DecisionRequested | DecisionAssigned | DecisionMade | DecisionEscalated | DecisionWithdrawn;
