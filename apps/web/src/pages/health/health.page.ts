import type { Page } from '../../parts/page';

export const health: Page = { path: 'health', title: 'health', needs: 'get /processes', load: () => import('./health') };
