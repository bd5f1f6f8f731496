import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** `@app` is the app that imports; a test without one means the orchestrator. */
const eachApp: Plugin = {
  name: "each-app",
  enforce: "pre",
  resolveId(source, importer) {
    if (!source.startsWith("@app/")) return null;
    const app = importer?.startsWith(here("./contributor/")) === true ? "contributor" : "orchestrator";
    return this.resolve(here(`./${app}/src/${source.slice("@app/".length)}`), importer, { skipSelf: true });
/** Parts of the contributor's texts; every other text that tests import by `@app` is the orchestrator's. */
const parts = readdirSync(here("./contributor/src/i18n")).flatMap((file) => /^..\.(\w+)\.ts$/.exec(file)?.[1] ?? []).join("|");

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: [
      { find: "@shared", replacement: here("./shared/src") },
      { find: new RegExp(`^@app/i18n/(..\\.(?:${parts}))$`), replacement: here("./contributor/src/i18n/$1.ts") },
      { find: /^@app\/i18n\/(..\.\w+)$/, replacement: here("./orchestrator/src/i18n/$1.ts") },
      { find: /^@app\/(api\/(?:schemas|laboratorySchemas)|app\/live)$/, replacement: here("./orchestrator/src/$1.ts") },
    ],
  },
};

export default defineConfig({
  plugins: [react(), eachApp],
  resolve: { alias: [{ find: "@shared", replacement: here("./shared/src") }] },
  test: {
    environment: "jsdom",
    include: ["shared/src/**/*.test.{ts,tsx}", "tests/**/*.test.ts"],
    setupFiles: ["shared/src/testing/setup.ts"],
  },
});
