/** Colours, type and shape of both apps; they differ in the primary colour only. */
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple, type MantineThemeOverride } from "@mantine/core";

const indigo: MantineColorsTuple = [
  "#eef3fc", "#dbe5f6", "#b4c8ea", "#8aa9de", "#6790d3", "#4d7dc9", "#3d6cb8", "#2f5597", "#294a83", "#1f3a69",
];
const teal: MantineColorsTuple = [
  "#e6f8f4", "#cdf0e8", "#9ee1d2", "#6ad1bb", "#42c3a8", "#27b39a", "#139b84", "#0a7f6c", "#066a5a", "#035547",
];
const dark: MantineColorsTuple = [
  "#dfe4ec", "#b4bdca", "#98a3b3", "#6d7a8d", "#434e5f", "#333d4c", "#232b37", "#1b222c", "#12171f", "#0c1016",
];

const PRIMARY = { orchestrator: "indigoDeep", contributor: "tealDeep" } as const;

/** The head of a dialog is a header element of Mantine's; a second banner of the page it is not. */
const NO_BANNER = { header: { role: "presentation" } };

export function appTheme(app: keyof typeof PRIMARY): MantineThemeOverride {
  return createTheme({
    colors: { indigoDeep: indigo, tealDeep: teal, dark },
    primaryColor: PRIMARY[app],
    primaryShade: { light: 7, dark: app === "contributor" ? 7 : 6 },
    fontFamily: "'Inter Variable', system-ui, sans-serif",
    fontFamilyMonospace: "ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    headings: { fontFamily: "'Inter Variable', system-ui, sans-serif", fontWeight: "650" },
    defaultRadius: "md",
    cursorType: "pointer",
    autoContrast: true,
    respectReducedMotion: true,
    components: {
      Tooltip: { defaultProps: { withArrow: true, openDelay: 250, multiline: true, maw: 320 } },
      Modal: { defaultProps: { centered: true, radius: "lg", attributes: NO_BANNER } },
      Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
      Drawer: { defaultProps: { position: "right", attributes: NO_BANNER } },
    },
  });
}

/** The page's own ink, page and muted colours (theme/app.css) instead of Mantine's. */
export const ownColours: CSSVariablesResolver = ({ primaryColor: name }) => {
  const both = { "--mantine-color-body": "var(--page)", "--mantine-color-text": "var(--ink)", "--mantine-color-dimmed": "var(--muted)", "--mantine-color-placeholder": "var(--muted)" };
  // Mantine's own pale variant is darker than a card here: a button in it could not be told from the ground.
  const pale = { [`--mantine-color-${name}-light`]: `var(--mantine-color-${name}-9)`, [`--mantine-color-${name}-light-hover`]: `var(--mantine-color-${name}-8)` };
  return { variables: {}, light: both, dark: { ...both, ...pale, "--mantine-color-default": "var(--card)", "--mantine-color-default-border": "var(--line)" } };
};

/** Line styles of sites: hues that no status uses, told apart by dash as well. */
const SITE_STYLES: readonly { color: string; dash?: string }[] = [
  { color: "var(--site-1)" },
  { color: "var(--site-2)", dash: "6 3" },
  { color: "var(--site-3)", dash: "2 3" },
  { color: "var(--site-4)", dash: "10 3 2 3" },
  { color: "var(--site-5)", dash: "4 2" },
  { color: "var(--site-6)", dash: "8 2 2 2 2 2" },
];

export function siteStyle(index: number): { color: string; dash?: string } {
  return SITE_STYLES[index % SITE_STYLES.length] ?? { color: "var(--site-1)" };
}
