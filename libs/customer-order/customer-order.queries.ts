import type { Role } from '#manufacturing/roles';
import { listOf } from '#platform/queries/list';
import { CustomerOrderLeg } from './customer-order-leg.view';
import { CustomerOrderEntry } from './customer-order.view';

const roles: readonly Role[] = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'];

export const customerOrders = listOf(CustomerOrderEntry, {
  path: 'customer-orders',
  one: 'customerOrder',
  many: 'customerOrders',
  moved: 'customerOrderMoved',
  roles,
  filters: {
    status: 'equals',
    customer: 'equals',
    product: 'equals',
    planning: 'equals',
    priority: 'equals',
    due: 'range',
    decisionId: 'equals',
  },
  sorts: ['due', 'priority'],
  sortedBy: 'due',
  about: 'Customer orders: demand, what is planned and made at the plants, and what they wait for.',
});

export const customerOrderLegs = listOf(CustomerOrderLeg, {
  path: 'customer-order-legs',
  one: 'customerOrderLeg',
  many: 'customerOrderLegs',
  moved: 'customerOrderLegMoved',
  roles,
  filters: { customerOrderId: 'equals', status: 'equals', step: 'equals', blocked: 'equals', againAt: 'range' },
  sorts: ['leg', 'againAt'],
  sortedBy: 'legId',
  about: 'Legs of customer orders at the plants: step, attempts, last error, and what was compensated.',
});
