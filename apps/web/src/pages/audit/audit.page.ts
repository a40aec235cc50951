import type { Page } from '../../parts/page';

export const audit: Page = { path: 'audit', title: 'audit', needs: 'get /audit/history', load: () => import('./audit') };
export const history: Page = { path: 'audit/$stream', needs: 'get /audit/history', load: () => import('./stream') };
