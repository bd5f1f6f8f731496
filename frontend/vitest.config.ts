import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@shared": here("./shared/src") } },
  test: {
    environment: "jsdom",
    include: ["shared/src/**/*.test.{ts,tsx}"],
    setupFiles: ["shared/src/testing/setup.ts"],
  },
});
