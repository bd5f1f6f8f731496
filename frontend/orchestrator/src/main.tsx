/** Starts the orchestrator's page. */
import "./styles";

import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { AppProviders, createQueries } from "@shared/AppProviders";
import { setUpLanguage } from "@shared/i18n/setup";

import { createLive } from "@app/app/live";
import { router } from "@app/app/router";
import { de } from "@app/i18n/de";
import { en } from "@app/i18n/en";

setUpLanguage(en, de);
const queries = createQueries();
const live = createLive(queries);
const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root element");
createRoot(root).render(
  <StrictMode>
    <AppProviders app="orchestrator" queries={queries} live={live}>
      <RouterProvider router={router} />
    </AppProviders>
  </StrictMode>,
);
