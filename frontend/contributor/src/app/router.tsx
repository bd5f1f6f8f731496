/** The addresses of the contributor's pages. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";

import { NotFoundPage } from "@app/app/pages/NotFoundPage";
import { Shell } from "@app/app/Shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });
const home = createRoute({ getParentRoute: () => root, path: "/", component: lazyRouteComponent(() => import("@app/app/pages/HomePage"), "HomePage") });
const connect = createRoute({ getParentRoute: () => root, path: "/connect", component: lazyRouteComponent(() => import("@app/app/pages/ConnectPage"), "ConnectPage") });
const preflight = createRoute({ getParentRoute: () => root, path: "/check", component: lazyRouteComponent(() => import("@app/app/pages/PreflightPage"), "PreflightPage") });
const data = createRoute({ getParentRoute: () => root, path: "/data", component: lazyRouteComponent(() => import("@app/app/pages/DataPage"), "DataPage") });
const study = createRoute({ getParentRoute: () => root, path: "/data/$studyId", component: lazyRouteComponent(() => import("@app/app/pages/StudyPage"), "StudyPage") });
const requests = createRoute({ getParentRoute: () => root, path: "/requests", component: lazyRouteComponent(() => import("@app/app/pages/RequestsPage"), "RequestsPage") });
const training = createRoute({ getParentRoute: () => root, path: "/training", component: lazyRouteComponent(() => import("@app/app/pages/TrainingPage"), "TrainingPage") });
const reconstruct = createRoute({ getParentRoute: () => root, path: "/reconstruct", validateSearch: ({ study: wanted }: Record<string, unknown>) => (typeof wanted === "string" ? { study: wanted } : {}), component: lazyRouteComponent(() => import("@app/app/pages/ReconstructPage"), "ReconstructPage") });
const results = createRoute({ getParentRoute: () => root, path: "/results", component: lazyRouteComponent(() => import("@app/app/pages/ResultsPage"), "ResultsPage") });
const privacy = createRoute({ getParentRoute: () => root, path: "/privacy", component: lazyRouteComponent(() => import("@app/app/pages/PrivacyPage"), "PrivacyPage") });
const information = createRoute({ getParentRoute: () => root, path: "/information", component: lazyRouteComponent(() => import("@app/app/pages/InformationPage"), "InformationPage") });
const settings = createRoute({ getParentRoute: () => root, path: "/settings", validateSearch: ({ part }: Record<string, unknown>) => (typeof part === "string" ? { part } : {}), component: lazyRouteComponent(() => import("@app/app/pages/SettingsPage"), "SettingsPage") });

export const router = createRouter({
  routeTree: root.addChildren([home, connect, preflight, data, study, requests, training, reconstruct, results, privacy, information, settings]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
