/** The addresses: one route per page, below /console/. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { links } from '../parts/links';
import { pages } from '../pages/pages';
import { Frame } from './frame';
import { Failed, NoPage } from './failed';

const root = createRootRoute({ component: Frame, notFoundComponent: NoPage, errorComponent: Failed });

const routes = pages.map(({ path, load }) =>
  createRoute({ getParentRoute: () => root, path: `/console/${path}`, component: lazyRouteComponent(load) }),
);

export const router = createRouter({ routeTree: root.addChildren(routes), defaultErrorComponent: Failed, scrollRestoration: true });

/** The addresses that are not pages. */
export function toStartPage(): void {
  if (['/', '/console', '/console/', '/console/signed-in'].includes(location.pathname)) history.replaceState(null, '', links.overview());
}
