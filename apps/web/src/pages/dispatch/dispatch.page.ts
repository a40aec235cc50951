import type { Page } from '../../parts/page';

const load = () => import('./dispatch');

export const dispatch: Page = { path: 'dispatch', title: 'dispatch', needs: 'get /dispatch-list', load };
export const dispatchOfMachine: Page = { path: 'dispatch/$equipmentId', needs: 'get /dispatch-list', load };
