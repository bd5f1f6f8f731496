import js from "@eslint/js";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import importX from "eslint-plugin-import-x";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const apps = ["orchestrator", "contributor"];
const features = {
  orchestrator: ["sites", "sessions", "models", "audit", "system", "activity"],
  contributor: ["enrolment", "studies", "requests", "sessions", "models", "reconstructions", "privacy", "system", "activity"],
};

/** shared knows no app; a feature knows no other feature and no route; ui fetches nothing. */
const zones = [
  { target: "./shared/src", from: ["./orchestrator", "./contributor"], message: "shared knows no app" },
  { target: "./shared/src/ui", from: ["./shared/src/api/client.ts", "./shared/src/realtime"], message: "ui fetches nothing" },
  ...apps.flatMap((app) => [
    { target: `./${app}/src`, from: `./${apps.find((other) => other !== app)}/src`, message: "apps do not know each other" },
    { target: `./${app}/src/features`, from: `./${app}/src/app`, message: "features do not know routes" },
    ...features[app].map((noun) => ({
      target: `./${app}/src/features/${noun}`,
      from: `./${app}/src/features`,
      except: [`./${noun}`],
      message: "compose features in a route",
    })),
  ]),
];

export default tseslint.config(
  { ignores: ["**/schema.ts", "**/node_modules/**", "**/web/**"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  jsxA11y.flatConfigs.recommended,
  reactHooks.configs.flat.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "import-x": importX },
    settings: {
      "import-x/resolver-next": [
        createTypeScriptImportResolver({ project: apps.map((app) => `${import.meta.dirname}/${app}/tsconfig.json`), noWarnOnMultipleProjects: true }),
      ],
    },
    rules: {
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones }],
      "import-x/no-cycle": "error",
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 150, skipBlankLines: true, skipComments: true }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "as", objectLiteralTypeAssertions: "never" }],
    },
  },
  { files: ["**/*.test.{ts,tsx}"], rules: { "max-lines-per-function": "off" } },
);
