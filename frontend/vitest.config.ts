import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: [
      { find: "@shared", replacement: here("./shared/src") },
      { find: /^@app\/i18n\/(..\.(?!training$)\w+)$/, replacement: here("./orchestrator/src/i18n/$1.ts") },
      { find: /^@app\/(api\/(?:schemas|laboratorySchemas)|app\/live)$/, replacement: here("./orchestrator/src/$1.ts") },
      { find: /^@app\/i18n\/(..\.training)$/, replacement: here("./contributor/src/i18n/$1.ts") },
    ],
  },
  test: {
    environment: "jsdom",
    include: ["shared/src/**/*.test.{ts,tsx}", "tests/**/*.test.ts"],
    setupFiles: ["shared/src/testing/setup.ts"],
  },
});
