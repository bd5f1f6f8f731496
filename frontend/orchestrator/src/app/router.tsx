/** The addresses of the orchestrator's pages. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";

import { NotFoundPage } from "@app/app/pages/NotFoundPage";
import { Shell } from "@app/app/Shell";

/** Ids of sites that another page has chosen for the new session, as in `?sites=a,b`. */
const chosenSites = (search: Record<string, unknown>): { sites?: string } => (typeof search.sites === "string" && search.sites !== "" ? { sites: search.sites } : {});

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });
const home = createRoute({ getParentRoute: () => root, path: "/", component: lazyRouteComponent(() => import("@app/app/pages/HomePage"), "HomePage") });
const sites = createRoute({ getParentRoute: () => root, path: "/sites", component: lazyRouteComponent(() => import("@app/app/pages/SitesPage"), "SitesPage") });
const newData = createRoute({ getParentRoute: () => root, path: "/new-data", component: lazyRouteComponent(() => import("@app/app/pages/NewDataPage"), "NewDataPage") });
const training = createRoute({ getParentRoute: () => root, path: "/training", component: lazyRouteComponent(() => import("@app/app/pages/TrainingPage"), "TrainingPage") });
const create = createRoute({ getParentRoute: () => root, path: "/training/new", validateSearch: chosenSites, component: lazyRouteComponent(() => import("@app/app/pages/NewSessionPage"), "NewSessionPage") });
const session = createRoute({ getParentRoute: () => root, path: "/training/$sessionId", component: lazyRouteComponent(() => import("@app/app/pages/SessionPage"), "SessionPage") });
const models = createRoute({ getParentRoute: () => root, path: "/models", component: lazyRouteComponent(() => import("@app/app/pages/ModelsPage"), "ModelsPage") });
const audit = createRoute({ getParentRoute: () => root, path: "/audit", component: lazyRouteComponent(() => import("@app/app/pages/AuditPage"), "AuditPage") });
const settings = createRoute({ getParentRoute: () => root, path: "/settings", component: lazyRouteComponent(() => import("@app/app/pages/SettingsPage"), "SettingsPage") });

export const router = createRouter({
  routeTree: root.addChildren([home, sites, newData, training, create, session, models, audit, settings]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
