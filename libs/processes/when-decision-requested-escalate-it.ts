import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { CommandRefused, Process, Reaction, TimerFired } from '#kernel/process';
import type * as decisions from '#decision/decision.commands';
import type { DecisionMade, DecisionRequested, DecisionWithdrawn } from '#decision/decision.events';

type In = DecisionRequested | DecisionMade | DecisionWithdrawn;
type Input = In | TimerFired | CommandRefused;
type Out = Message<typeof decisions>;
type Watch = Readonly<{ decisionId: string; stands: 'waits for a decision' | 'escalated' | 'closed' }>;

const TIMER = 'decision is due';

/** A decision that nobody makes in time becomes more severe. */
export const whenDecisionRequestedEscalateIt: Process<Watch, In, Out> = {
  name: 'when-decision-requested-escalate-it',
  initial: { decisionId: '', stands: 'waits for a decision' },
  events: ['DecisionRequested', 'DecisionMade', 'DecisionWithdrawn'],
  status: ({ stands }) => stands,
  isOver: ({ stands }) => stands === 'closed',
  correlate: (event) => (atHome(event, event.data.decisionId) ? event.data.decisionId : undefined),
  evolve: (watch, { type, data }: Input): Watch => {
    switch (type) {
      case 'DecisionRequested':
        return { decisionId: data.decisionId, stands: 'waits for a decision' };
      case 'DecisionMade':
      case 'DecisionWithdrawn':
        return { decisionId: data.decisionId, stands: 'closed' };
      case 'TimerFired':
        return watch.stands === 'closed' ? watch : { ...watch, stands: 'escalated' };
      default:
        return watch;
    }
  },
  react: ({ decisionId, stands }, { type, data }): readonly Reaction<Out>[] => {
    switch (type) {
      case 'DecisionRequested':
        return [{ remind: TIMER, at: data.dueAt }];
      case 'DecisionMade':
      case 'DecisionWithdrawn':
        return [{ forget: TIMER }];
      case 'TimerFired':
        return stands === 'escalated' ? [{ send: { type: 'EscalateDecision', data: { decisionId } } }] : [];
      default:
        return [];
    }
  },
};
