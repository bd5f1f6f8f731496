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
  },
};

export default defineConfig({
  plugins: [react(), eachApp],
  resolve: { alias: [{ find: "@shared", replacement: here("./shared/src") }] },
  test: {
    environment: "jsdom",
    include: ["shared/src/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"],
    setupFiles: ["shared/src/testing/setup.ts"],
  },
});
