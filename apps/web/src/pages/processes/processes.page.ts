import type { Page } from '../../parts/page';

export const processes: Page = { path: 'processes', title: 'processes', needs: 'get /processes', load: () => import('./processes') };
export const instance: Page = {
  path: 'processes/$process/$instanceId',
  needs: 'get /processes/instance',
  load: () => import('./instance'),
};
