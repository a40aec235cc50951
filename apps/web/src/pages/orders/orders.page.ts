import type { Page } from '../../parts/page';

export const orders: Page = { path: 'orders', title: 'orders', needs: 'get /order-board', load: () => import('./orders') };
