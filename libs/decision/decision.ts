import type { Decider } from '#kernel/decider';
import { inUtc } from '#kernel/instant';
import { Rejected } from '#kernel/rejected';
import type * as commands from './decision.commands';
import type { DecisionEvent, Question, Severity } from './decision.events';

type Asked = Readonly<{ decisionId: string; question: Question; severity: Severity; assignee?: string; escalated: boolean }>;
export type Decision =
  | Readonly<{ status: 'unknown' }>
  | (Asked & Readonly<{ status: 'open' | 'withdrawn' }>)
  | (Asked & Readonly<{ status: 'made'; option: string; by: string }>);
type Known = Exclude<Decision, { status: 'unknown' }>;

const NEXT: Readonly<Record<Severity, Severity>> = { Low: 'Medium', Medium: 'High', High: 'Critical', Critical: 'Critical' };

/** A decision that a person has to make: the question, the options, and the answer. */
export const decision: Decider<typeof commands, Decision, DecisionEvent> = {
  category: 'decision',
  initial: { status: 'unknown' },
  id: ({ decisionId }) => decisionId,
  evolve,
  decide: {
    RequestDecision: ({ decisionId, about, kind, severity, dueAt, options, evidence }, state, { occurredAt }) => {
      const choices = options.map(({ option, effect }) => ({ option, effect }));
      const question = { about, kind, severity, dueAt: inUtc(dueAt), options: choices, ...(evidence ? { evidence } : {}) };
      if (state.status !== 'unknown') {
        if (JSON.stringify(state.question) === JSON.stringify(question)) return [];
        throw new Rejected('decision-exists', `${decisionId} already asks something else. Choose another id.`, { decisionId });
      }
      const twice = choices.find(({ option }, index) => choices.findIndex((each) => each.option === option) < index);
      if (twice)
        throw new Rejected('option-repeated', `Each option may be given once; ${twice.option} is repeated.`, { option: twice.option });
      return [{ type: 'DecisionRequested', data: { decisionId, ...question, requestedAt: occurredAt } }];
    },
    AssignDecision: ({ assignee }, state, { occurredAt }) => {
      const asked = open(state);
      if (asked.assignee === assignee) return [];
      const from = asked.assignee === undefined ? {} : { from: asked.assignee };
      return [{ type: 'DecisionAssigned', data: { ...of(asked), assignee, ...from, assignedAt: occurredAt } }];
    },
    MakeDecision: ({ option, reason }, state, { actor, occurredAt }) => {
      const asked = open(state);
      const options = asked.question.options.map((choice) => choice.option);
      if (!options.includes(option))
        throw new Rejected('option-unknown', `\`option\` must be one of ${options.join(', ')}, was ${option}.`, { option, options });
      return [{ type: 'DecisionMade', data: { ...of(asked), option, reason, by: actor, decidedAt: occurredAt } }];
    },
    EscalateDecision: (_, state, { occurredAt }) => {
      const asked = open(state);
      if (asked.escalated) return [];
      return [
        { type: 'DecisionEscalated', data: { ...of(asked), from: asked.severity, to: NEXT[asked.severity], escalatedAt: occurredAt } },
      ];
    },
    WithdrawDecision: ({ reason }, state, { occurredAt }) => {
      if (state.status === 'withdrawn') return [];
      return [{ type: 'DecisionWithdrawn', data: { ...of(open(state)), reason, withdrawnAt: occurredAt } }];
    },
  },
};

function evolve(state: Decision, { type, data }: DecisionEvent): Decision {
  if (type === 'DecisionRequested') {
    const { decisionId, about, kind, severity, dueAt, options, evidence } = data;
    const question = { about, kind, severity, dueAt, options, ...(evidence === undefined ? {} : { evidence }) };
    return { status: 'open', decisionId, question, severity, escalated: false };
  }
  if (state.status === 'unknown') return state;
  switch (type) {
    case 'DecisionAssigned':
      return { ...state, assignee: data.assignee };
    case 'DecisionMade':
      return { ...state, status: 'made', option: data.option, by: data.by };
    case 'DecisionEscalated':
      return { ...state, severity: data.to, escalated: true };
    case 'DecisionWithdrawn':
      return { ...state, status: 'withdrawn' };
  }
}

const of = ({ decisionId, question }: Asked) => ({ decisionId, about: question.about });

/** @throws Rejected decision-unknown, decision-closed */
function open(state: Decision): Known {
  if (state.status === 'unknown') throw new Rejected('decision-unknown', 'Unknown decision. Check `decisionId`.');
  if (state.status === 'made')
    throw new Rejected('decision-closed', `${state.by} already decided: ${state.option}. It cannot be decided again.`, {
      option: state.option,
      by: state.by,
    });
  if (state.status === 'withdrawn') throw new Rejected('decision-closed', 'The decision was withdrawn: it is no longer needed.');
  return state;
}
