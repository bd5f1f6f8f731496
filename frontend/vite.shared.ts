import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig, type UserConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The build of one app: into its daemon's `web/` folder, from where Flask serves it. */
export function appConfig(app: "orchestrator" | "contributor"): UserConfig {
  return defineConfig({
    root: here(`./${app}`),
    plugins: [react()],
    resolve: { alias: { "@shared": here("./shared/src"), "@app": here(`./${app}/src`) } },
    build: {
      outDir: here(`../${app}/web`),
      emptyOutDir: true,
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 1500,
    },
  });
}
