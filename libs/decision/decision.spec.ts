import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { decision } from './decision';
import { decisionQueue } from './decision-queue.view';
import type { DecisionEvent } from './decision.events';

const at = '2026-01-05T08:00:00.000Z';
const decisionId = 'corp.CO-1-D1';
const of = { decisionId, about: 'corp.CO-1' };
const options = [
  { option: 'AcceptPartial', effect: 'What it does not place is left out.' },
  { option: 'Cancel', effect: 'The order is cancelled.' },
];
const question = { about: 'corp.CO-1', kind: 'Partial', severity: 'High' as const, dueAt: '2026-01-05T12:00:00.000Z', options };
const reason = 'agreed by telephone';
const requested: DecisionEvent = { type: 'DecisionRequested', data: { decisionId, ...question, requestedAt: at } };
const assigned: DecisionEvent = { type: 'DecisionAssigned', data: { ...of, assignee: 'pia', assignedAt: at } };
const made: DecisionEvent = { type: 'DecisionMade', data: { ...of, option: 'Cancel', reason, by: 'ann', decidedAt: at } };
const escalated: DecisionEvent = { type: 'DecisionEscalated', data: { ...of, from: 'High', to: 'Critical', escalatedAt: at } };
const withdrawn: DecisionEvent = { type: 'DecisionWithdrawn', data: { ...of, reason, withdrawnAt: at } };
const make = { decisionId, option: 'Cancel', reason };

describe('a decision', () => {
  test('is requested once', () => {
    given(decision)
      .when('RequestDecision', { decisionId, ...question })
      .then(requested);
    given(decision, requested)
      .when('RequestDecision', { decisionId, ...question })
      .changesNothing();
    given(decision, requested)
      .when('RequestDecision', { decisionId, ...question, kind: 'Short' })
      .rejects('decision-exists');
    given(decision)
      .when('RequestDecision', { decisionId, ...question, options: [...options, options[0]!] })
      .rejects('option-repeated');
  });
  test('is unknown before', () => {
    given(decision).when('MakeDecision', make).rejects('decision-unknown');
    given(decision).when('WithdrawDecision', { decisionId, reason }).rejects('decision-unknown');
  });
});

describe('an open decision', () => {
  test('is assigned, and to somebody else', () => {
    given(decision, requested).when('AssignDecision', { decisionId, assignee: 'pia' }).then(assigned);
    given(decision, requested, assigned).when('AssignDecision', { decisionId, assignee: 'pia' }).changesNothing();
    given(decision, requested, assigned)
      .when('AssignDecision', { decisionId, assignee: 'tom' })
      .then({ type: 'DecisionAssigned', data: { ...of, assignee: 'tom', from: 'pia', assignedAt: at } });
  });
  test('is made with one of its options', () => {
    given(decision, requested).when('MakeDecision', make).then(made);
    given(decision, requested)
      .when('MakeDecision', { ...make, option: 'Wait' })
      .rejects('option-unknown');
  });
  test('is escalated once', () => {
    given(decision, requested).when('EscalateDecision', { decisionId }).then(escalated);
    given(decision, requested, escalated).when('EscalateDecision', { decisionId }).changesNothing();
    given(decision, requested, escalated).when('MakeDecision', make).then(made);
  });
  test('is withdrawn', () => {
    given(decision, requested).when('WithdrawDecision', { decisionId, reason }).then(withdrawn);
    given(decision, requested, withdrawn).when('WithdrawDecision', { decisionId, reason }).changesNothing();
  });
});

describe('a closed decision', () => {
  test.each([
    ['made', made],
    ['withdrawn', withdrawn],
  ] as const)('that was %s is not decided, assigned or escalated', (_, end) => {
    given(decision, requested, end).when('MakeDecision', make).rejects('decision-closed');
    given(decision, requested, end).when('AssignDecision', { decisionId, assignee: 'pia' }).rejects('decision-closed');
    given(decision, requested, end).when('EscalateDecision', { decisionId }).rejects('decision-closed');
  });
  test('that was made is not withdrawn', () =>
    given(decision, requested, made).when('WithdrawDecision', { decisionId, reason }).rejects('decision-closed'));
});

test('the queue shows question, options, who is to decide, and the answer', () => {
  const row = (...events: DecisionEvent[]) => folded(decisionQueue, ['decision-corp.CO-1-D1', [requested, ...events]])[decisionId]!;
  expect(row()).toMatchObject({ facilityId: 'corp', about: 'corp.CO-1', status: 'Open', severity: 'High', options, assignee: null });
  expect(row(assigned, escalated)).toMatchObject({ status: 'Open', severity: 'Critical', assignee: 'pia', escalatedAt: at });
  expect(row(made)).toMatchObject({ status: 'Made', option: 'Cancel', reason, decidedBy: 'ann', closedAt: at, revision: 1n });
  expect(row(withdrawn)).toMatchObject({ status: 'Withdrawn', reason, option: null, closedAt: at });
});
