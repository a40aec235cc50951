import type { Page } from '../../parts/page';

export const lots: Page = { path: 'lots', title: 'lots', needs: 'get /material-lot', load: () => import('./lots') };
export const lot: Page = { path: 'lots/$lotId', needs: 'get /material-lot/{id}', load: () => import('./lot') };
