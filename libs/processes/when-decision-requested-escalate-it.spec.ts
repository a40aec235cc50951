import type { Recorded } from '#kernel/event';
import { whenDecisionRequestedEscalateIt as escalate } from './when-decision-requested-escalate-it';

const dueAt = '2026-01-05T12:00:00.000Z';
const decisionId = 'corp.CO-1-D1';
type Input = Parameters<typeof escalate.evolve>[1];
const requested = { type: 'DecisionRequested', data: { decisionId, dueAt } } as Input;
const made = { type: 'DecisionMade', data: { decisionId, option: 'Cancel' } } as Input;
const fired: Input = { type: 'TimerFired', data: { timer: 'decision is due', dueAt } };
const refused: Input = {
  type: 'CommandRefused',
  data: { command: 'EscalateDecision', code: 'decision-closed', message: 'x', target: decisionId },
};

/** What follows from the last of some inputs. */
function after(...inputs: Input[]) {
  const state = inputs.reduce(escalate.evolve, escalate.initial);
  return escalate.react(state, inputs.at(-1)!, dueAt);
}

test('a decision is escalated when it is due', () => {
  expect(after(requested)).toEqual([{ remind: 'decision is due', at: dueAt }]);
  expect(after(requested, fired)).toEqual([{ send: { type: 'EscalateDecision', data: { decisionId } } }]);
});
test('a decision that is made or withdrawn is not', () => {
  expect(after(requested, made)).toEqual([{ forget: 'decision is due' }]);
  expect(after(requested, { ...made, type: 'DecisionWithdrawn' } as Input)).toEqual([{ forget: 'decision is due' }]);
  expect(after(requested, made, fired)).toEqual([]);
  expect(after(requested, fired, refused)).toEqual([]);
});
test('an event of another facility concerns no decision', () => {
  const of = (facility: string) => escalate.correlate({ ...made, metadata: { facility } } as unknown as Recorded<never>);
  expect([of('corp'), of('lyon')]).toEqual([decisionId, undefined]);
});
