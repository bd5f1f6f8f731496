/** The addresses of the orchestrator's pages. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";

import { z } from "@shared/zod";

import { NotFoundPage } from "@app/app/pages/NotFoundPage";
import { Shell } from "@app/app/Shell";

/** Those of an address's words that a page knows, where they are text. */
const words = <Key extends string>(...keys: readonly Key[]) => (search: Record<string, unknown>): Partial<Record<Key, string>> => {
  const known: Partial<Record<Key, string>> = {};
  for (const key of keys) {
    const value = search[key];
    if (typeof value === "string" && value !== "") known[key] = value;
  }
  return known;
};

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });
const home = createRoute({ getParentRoute: () => root, path: "/", component: lazyRouteComponent(() => import("@app/app/pages/HomePage"), "HomePage") });
const sites = createRoute({ getParentRoute: () => root, path: "/sites", component: lazyRouteComponent(() => import("@app/app/pages/SitesPage"), "SitesPage") });
const newData = createRoute({ getParentRoute: () => root, path: "/new-data", component: lazyRouteComponent(() => import("@app/app/pages/NewDataPage"), "NewDataPage") });
const training = createRoute({ getParentRoute: () => root, path: "/training", component: lazyRouteComponent(() => import("@app/app/pages/TrainingPage"), "TrainingPage") });
const create = createRoute({ getParentRoute: () => root, path: "/training/new", validateSearch: words("sites", "from"), component: lazyRouteComponent(() => import("@app/app/pages/NewSessionPage"), "NewSessionPage") });
const session = createRoute({ getParentRoute: () => root, path: "/training/$sessionId", component: lazyRouteComponent(() => import("@app/app/pages/SessionPage"), "SessionPage") });
const compare = createRoute({ getParentRoute: () => root, path: "/training/compare", validateSearch: words("ids"), component: lazyRouteComponent(() => import("@app/app/pages/CompareSessionsPage"), "CompareSessionsPage") });
const lineage = createRoute({ getParentRoute: () => root, path: "/models/lineage", validateSearch: words("model"), component: lazyRouteComponent(() => import("@app/app/pages/LineagePage"), "LineagePage") });
const pair = createRoute({ getParentRoute: () => root, path: "/models/compare", validateSearch: words("first", "second"), component: lazyRouteComponent(() => import("@app/app/pages/CompareModelsPage"), "CompareModelsPage") });
const models = createRoute({ getParentRoute: () => root, path: "/models", validateSearch: words("model"), component: lazyRouteComponent(() => import("@app/app/pages/ModelsPage"), "ModelsPage") });
const laboratory = createRoute({ getParentRoute: () => root, path: "/laboratory", component: lazyRouteComponent(() => import("@app/app/pages/LaboratoryPage"), "LaboratoryPage") });
const forms = () => import("@app/app/pages/LaboratoryForms");
const ofSet = z.object({ set: z.string().optional().catch(undefined) });
const ofModel = z.object({ model: z.string().optional().catch(undefined) });
const makeData = createRoute({ getParentRoute: () => root, path: "/laboratory/make", component: lazyRouteComponent(forms, "MakeDataPage") });
const trainModel = createRoute({ getParentRoute: () => root, path: "/laboratory/train", validateSearch: (search) => ofSet.parse(search), component: lazyRouteComponent(forms, "TrainModelPage") });
const compareModels = createRoute({ getParentRoute: () => root, path: "/laboratory/compare", validateSearch: (search) => ofSet.parse(search), component: lazyRouteComponent(forms, "CompareModelsPage") });
const tryModel = createRoute({ getParentRoute: () => root, path: "/laboratory/try", validateSearch: (search) => ofModel.parse(search), component: lazyRouteComponent(forms, "TryModelPage") });
const job = createRoute({ getParentRoute: () => root, path: "/laboratory/jobs/$jobId", component: lazyRouteComponent(() => import("@app/app/pages/JobPage"), "JobPage") });
const dataSet = createRoute({ getParentRoute: () => root, path: "/laboratory/sets/$setId", component: lazyRouteComponent(() => import("@app/app/pages/DataSetPage"), "DataSetPage") });
const audit = createRoute({ getParentRoute: () => root, path: "/audit", component: lazyRouteComponent(() => import("@app/app/pages/AuditPage"), "AuditPage") });
const settings = createRoute({ getParentRoute: () => root, path: "/settings", component: lazyRouteComponent(() => import("@app/app/pages/SettingsPage"), "SettingsPage") });

export const router = createRouter({
  routeTree: root.addChildren([home, sites, newData, training, create, session, models, laboratory, makeData, trainModel, compareModels, tryModel, job, dataSet, audit, settings, compare, lineage, pair]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
