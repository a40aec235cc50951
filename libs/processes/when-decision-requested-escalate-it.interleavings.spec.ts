import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { decision } from '#decision/decision';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene } from '#platform/testing/interleavings';
import { whenDecisionRequestedEscalateIt as escalate } from './when-decision-requested-escalate-it';

const decisionId = 'corp.CO-1-D1';
const dueAt = '2026-01-05T12:00:00.000Z';
const send = (type: string, data: object = {}): Act => ({ send: { type, data: { decisionId, reason: 'so be it', ...data } } });
const options = [{ option: 'Cancel', effect: 'The order is cancelled.' }];
const request = send('RequestDecision', { about: 'corp.CO-1', kind: 'Partial', severity: 'High', dueAt, options });
const make = send('MakeDecision', { option: 'Cancel' });
const due: Act = { clock: '2026-01-05T12:30:00.000Z' };

/** Nobody decided in time, and the decision is as severe as it was. */
function faultsOf({ state }: Ending): string[] {
  const now = state(decision, decisionId);
  return now.status === 'open' && !now.escalated ? ['it is due, and not escalated'] : [];
}
const scene = (people: readonly Act[], process: unknown = escalate): Scene => ({
  deciders: [decision],
  processes: [process as Process<unknown, Event, unknown>],
  now: '2026-01-05T08:00:00.000Z',
  past: [request],
  parties: { people, time: [due] },
  faultsOf,
});

const met: History[] = [];
test.each([
  ['decides', [make]],
  ['decides twice', [make, make]],
  ['withdraws it', [send('WithdrawDecision')]],
  ['escalates it earlier, then decides', [send('EscalateDecision'), make]],
  ['only assigns it', [send('AssignDecision', { assignee: 'pia' })]],
])('somebody %s: what is due and open is escalated', (_, people) => {
  const found = interleave(scene(people));
  met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(found.endings).toBeGreaterThan(0);
});

test('a process that forgets the time is detected', () => {
  const react: typeof escalate.react = (state, input, at) => escalate.react(state, input, at).filter((each) => !('remind' in each));
  expect(explained(interleave(scene([], { ...escalate, react })))).toContain('not escalated');
});

test('the recorded histories show every kind of step', () => expect(unrecorded(escalate.name, met)).toEqual([]));
