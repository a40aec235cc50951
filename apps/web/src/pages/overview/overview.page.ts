import type { Page } from '../../parts/page';

export const overview: Page = { path: 'plants', title: 'overview', needs: 'get /equipment', load: () => import('./overview') };
