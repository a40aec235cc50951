import type { Page } from '../../parts/page';

export const kpis: Page = { path: 'kpis', title: 'kpis', needs: 'get /performance', load: () => import('./kpis') };
