/** For which share of each of the last 24 hours every site was there. */
import { useQuery } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";

const AGAIN_MS = 5 * 60_000;

export function usePresence() {
  return useQuery({
    queryKey: ["presence"],
    queryFn: () => body(api.GET("/api/v1/sites/presence", { params: { query: { hours: 24, parts: 24 } } })),
    refetchInterval: AGAIN_MS,
    staleTime: 60_000,
    select: ({ items }) => new Map(items.map(({ site_id: siteId, shares }) => [siteId, shares])),
  });
}
