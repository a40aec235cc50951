import type { Page } from '../parts/page';
import { dispatch, dispatchOfMachine } from './dispatch/dispatch.page';
import { overview } from './overview/overview.page';

/** The pages, one line each, in the order of the navigation. */
export const pages: readonly Page[] = [overview, dispatch, dispatchOfMachine];
