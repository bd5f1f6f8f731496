/** What every page of both apps stands on: theme, queries, live connection, notifications. */
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { setNonce } from "get-nonce";
import type { ReactNode } from "react";

import { LiveProvider } from "@shared/realtime/LiveProvider";
import type { LiveConnection } from "@shared/realtime/live";
import { appTheme, ownColours } from "@shared/theme/theme";

// The content security policy wants its nonce on every style element.
if (styleNonce() !== "") setNonce(styleNonce());

/** Deltas keep the cache true, so nothing is refetched by age. */
export function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: Infinity, retry: 1, retryDelay: 600, refetchOnWindowFocus: false, networkMode: "always" },
      mutations: { networkMode: "always" },
    },
  });
}

interface AppProvidersProps {
  app: "orchestrator" | "contributor";
  queries: QueryClient;
  live: LiveConnection;
  children: ReactNode;
}

function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
}

export function AppProviders({ app, queries, live, children }: AppProvidersProps) {
  return (
    <MantineProvider theme={appTheme(app)} cssVariablesResolver={ownColours} defaultColorScheme="auto" getStyleNonce={styleNonce}>
      <QueryClientProvider client={queries}>
        <LiveProvider live={live}>
          <Notifications position="bottom-right" />
          {children}
        </LiveProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
