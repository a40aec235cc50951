import { listOf } from '#platform/queries/list';
import { DecisionQueueEntry } from './decision-queue.view';

export const decisions = listOf(DecisionQueueEntry, {
  path: 'decision-queue',
  one: 'decision',
  many: 'decisionQueue',
  moved: 'decisionMoved',
  roles: ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'],
  filters: { status: 'equals', about: 'equals', kind: 'equals', severity: 'equals', assignee: 'equals', dueAt: 'range' },
  sorts: ['dueAt'],
  sortedBy: 'dueAt',
  about: 'Decisions of people: what is asked, the options and their effects, who is to decide and until when, and the answer.',
});
