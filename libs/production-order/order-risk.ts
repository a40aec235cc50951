import { excess, shortfall } from '#manufacturing/tolerance';
import type { OrderState } from './production-order.events';

/** Risks of an order, the gravest first. Whether it is overdue depends on the reader's clock and is not among them. */
export const OrderRisk = {
  Exceeded: 'Exceeded',
  ShortMade: 'ShortMade',
  DecisionNeeded: 'DecisionNeeded',
  Interrupted: 'Interrupted',
  PlannedLate: 'PlannedLate',
  Unallocated: 'Unallocated',
  None: 'None',
} as const;
export type OrderRisk = keyof typeof OrderRisk;

type Leg = Readonly<{ status: string; decisionNeeded: boolean }>;
type Order = Readonly<{
  status: OrderState;
  quantity: string;
  overPercent: string;
  underPercent: string;
  good: string;
  unallocated: string;
  due: string;
  projectedEnd: string | null;
  legs: readonly Leg[];
}>;

const OVER = ['Ended', 'Aborted', 'Cancelled'];
/** True for a work order that is over. */
export const isOver = ({ status }: Leg) => OVER.includes(status);

export function riskOf(row: Order): OrderRisk {
  if (excess(row.good, row.quantity, row)) return OrderRisk.Exceeded;
  if (row.status !== 'Open' && row.status !== 'InProgress' && row.status !== 'Held') return OrderRisk.None;
  const open = row.legs.filter((leg) => !isOver(leg));
  if (row.legs.length > 0 && open.length === 0 && shortfall(row.good, row.quantity, row)) return OrderRisk.ShortMade;
  if (open.some(({ decisionNeeded }) => decisionNeeded)) return OrderRisk.DecisionNeeded;
  if (open.some(({ status }) => status === 'Interrupted')) return OrderRisk.Interrupted;
  if (row.projectedEnd !== null && Date.parse(row.projectedEnd) > Date.parse(row.due)) return OrderRisk.PlannedLate;
  return row.unallocated === '0' ? OrderRisk.None : OrderRisk.Unallocated;
}
