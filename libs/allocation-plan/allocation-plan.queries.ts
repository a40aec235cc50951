import { listOf } from '#platform/queries/list';
import { AllocationPlanRow } from './allocation-plan.view';

export const allocationPlans = listOf(AllocationPlanRow, {
  path: 'allocation-plan',
  one: 'allocationPlan',
  many: 'allocationPlans',
  roles: ['supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'],
  filters: { customerOrderId: 'equals', status: 'equals', product: 'equals', batch: 'equals', due: 'range' },
  sorts: ['due'],
  sortedBy: 'planId',
  about: 'How customer orders are split over plants: legs, what has no place and why, and what the plan was made from.',
});
