import type { Page } from '../../parts/page';

const load = () => import('./timeline');

export const timeline: Page = { path: 'timeline', title: 'timeline', needs: 'get /equipment-timeline', load };
export const timelineOfMachine: Page = { path: 'timeline/$equipmentId', needs: 'get /equipment-timeline', load };
