import { listOf } from '#platform/queries/list';
import { OrderBoardEntry } from './order-board.view';

export const orderBoardEntries = listOf(OrderBoardEntry, {
  path: 'order-board',
  one: 'orderBoardEntry',
  many: 'orderBoard',
  moved: 'orderBoardMoved',
  roles: ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'],
  filters: { status: 'equals', risk: 'equals', product: 'equals', customerRef: 'equals', priority: 'equals', due: 'range' },
  sorts: ['due', 'priority'],
  sortedBy: 'due',
  about: 'Production orders: demand, progress, due date and risk.',
});
