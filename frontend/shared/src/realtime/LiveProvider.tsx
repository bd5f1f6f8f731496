/** Gives the pages the live connection and its state. */
import { createContext, useContext, useEffect, useSyncExternalStore, type ReactNode } from "react";

import type { LiveConnection, LiveState } from "@shared/realtime/live";

const LiveContext = createContext<LiveConnection | null>(null);

export function LiveProvider({ live, children }: { live: LiveConnection; children: ReactNode }) {
  useEffect(() => {
    live.open();
    return () => live.close();
  }, [live]);
  return <LiveContext.Provider value={live}>{children}</LiveContext.Provider>;
}

export function useLiveConnection(): LiveConnection {
  const live = useContext(LiveContext);
  if (live === null) throw new Error("LiveProvider is missing");
  return live;
}

export function useLiveState(): LiveState {
  const live = useLiveConnection();
  return useSyncExternalStore(live.subscribe, live.getState);
}
