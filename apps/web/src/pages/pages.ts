import type { Page } from '../parts/page';
import { audit, history } from './audit/audit.page';
import { decisions } from './decisions/decisions.page';
import { dispatch, dispatchOfMachine } from './dispatch/dispatch.page';
import { health } from './health/health.page';
import { kpis } from './kpis/kpis.page';
import { lot, lots } from './lots/lots.page';
import { orders } from './orders/orders.page';
import { overview } from './overview/overview.page';
import { instance, processes } from './processes/processes.page';
import { timeline, timelineOfMachine } from './timeline/timeline.page';
import { workOrder, workOrders } from './work-order/work-order.page';

/** The pages, one line each, in the order of the navigation. */
export const pages: readonly Page[] = [
  overview,
  orders,
  workOrders,
  workOrder,
  dispatch,
  dispatchOfMachine,
  timeline,
  timelineOfMachine,
  lots,
  lot,
  kpis,
  decisions,
  processes,
  instance,
  audit,
  history,
  health,
];
