import type { Page } from '../../parts/page';

export const decisions: Page = { path: 'decisions', title: 'decisions', needs: 'get /decision-queue', load: () => import('./decisions') };
