/** The frame of both apps: side navigation with the mark, top bar with live state, language and theme, skip link. */
import { AppShell, Burger, Group, NavLink, ScrollArea, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { Icon } from "@tabler/icons-react";
import { useEffect, useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { UserMenu } from "@shared/accounts/UserMenu";
import { LanguageSwitch } from "@shared/ui/LanguageSwitch";
import { Logo } from "@shared/ui/Logo";
import { ThemeSwitch } from "@shared/ui/ThemeSwitch";

export interface NavEntry {
  label: string;
  icon: Icon;
  /** How many things wait there; 0 shows nothing. */
  waiting?: number;
  /** What the number means; absent: "{{count}} waiting". */
  meaning?: string;
  link: (props: Record<string, unknown>) => ReactNode;
}

interface AppFrameProps {
  subtitle: string;
  entries: readonly NavEntry[];
  bar: ReactNode;
  live: ReactNode;
  /** Link to the own account. */
  settings: (props: Record<string, unknown>) => ReactNode;
  children: ReactNode;
}

export function AppFrame({ subtitle, entries, bar, live, settings, children }: AppFrameProps) {
  const { t } = useTranslation("shared");
  const [open, { toggle, close }] = useDisclosure(false);
  const opener = useRef<HTMLButtonElement>(null);
  const closer = useRef<HTMLButtonElement>(null);
  useEffect(() => { if (open) closer.current?.focus({ preventScroll: true }); }, [open]);
  // On a narrow screen what had the focus goes out of sight with the navigation.
  const leave = (to: HTMLElement | null) => { if (open) to?.focus(); close(); };
  return (
    <AppShell
      header={{ height: 58 }}
      navbar={{ width: 228, breakpoint: "sm", collapsed: { mobile: !open } }}
      layout="alt"
      padding={{ base: "md", sm: "lg" }}
    >
      <a className="skip-link" href="#main">{t("frame.skip")}</a>
      <AppShell.Header style={{ background: "var(--page)", borderColor: "var(--line)" }}>
        <Group h="100%" px={{ base: "md", sm: "lg" }} justify="space-between" wrap="nowrap" gap="sm">
          <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
            <Burger ref={opener} opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t("frame.menu")} aria-expanded={open} />
            <div style={{ minWidth: 0 }}>{bar}</div>
          </Group>
          <Group gap="xs" wrap="nowrap">
            {live}
            <LanguageSwitch />
            <ThemeSwitch />
            <UserMenu settings={settings} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className="side-nav" data-open={open} p="sm" style={{ background: "var(--card)", borderColor: "var(--line)" }} aria-label={t("frame.navigation")}>
        <Group justify="space-between" px={8} pt={4} pb="md" wrap="nowrap">
          <Group gap={10} wrap="nowrap" style={{ minWidth: 0 }}>
            <Logo />
            <div style={{ minWidth: 0 }}>
              <Text fw={700} lh={1.2}>FLoMIR</Text>
              <Text size="xs" c="dimmed" lh={1.3} lineClamp={3} style={{ overflowWrap: "anywhere" }}>{subtitle}</Text>
            </div>
          </Group>
          <Burger ref={closer} opened={open} onClick={() => leave(opener.current)} hiddenFrom="sm" size="sm" aria-label={t("frame.close")} />
        </Group>
        <ScrollArea style={{ flex: 1 }}>
          {entries.map((entry) => <NavRow key={entry.label} entry={entry} onNavigate={() => leave(document.getElementById("main"))} />)}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} style={{ outline: "none" }}>
        <div style={{ maxWidth: 1240, margin: "0 auto" }}>{children}</div>
      </AppShell.Main>
    </AppShell>
  );
}

function NavRow({ entry, onNavigate }: { entry: NavEntry; onNavigate: () => void }) {
  const { t } = useTranslation("shared");
  const waiting = entry.waiting ?? 0;
  return (
    <NavLink
      className="nav-item"
      mb={2}
      label={entry.label}
      leftSection={<entry.icon size={19} stroke={1.7} aria-hidden="true" />}
      rightSection={
        waiting > 0 ? <span className="chip num" data-tone="info" aria-label={entry.meaning ?? t("frame.waiting", { count: waiting })}>{waiting}</span> : undefined
      }
      onClick={onNavigate}
      renderRoot={(props) => entry.link(props)}
    />
  );
}
