import type { Page } from '../../parts/page';

export const workOrders: Page = { path: 'work-orders', title: 'workOrders', needs: 'get /work-order', load: () => import('./work-orders') };
export const workOrder: Page = { path: 'work-orders/$workOrderId', needs: 'get /work-order/{id}', load: () => import('./work-order') };
