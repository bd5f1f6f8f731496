/** What a site contributed, and where the way from it to here is broken; read when somebody looks. */
import { useQuery } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { components } from "@app/api/schema";

export type SiteHistory = components["schemas"]["SiteHistory"];
export type ConnectionCheck = components["schemas"]["ConnectionCheck"];

const path = (siteId: string) => ({ params: { path: { site_id: siteId } } });

export const useSiteHistory = (id: string) => useQuery({ queryKey: ["site-history", id], queryFn: () => body(api.GET("/api/v1/sites/{site_id}/history", path(id))), staleTime: 0 });
export const useSiteDiagnosis = (id: string) => useQuery({ queryKey: ["site-diagnosis", id], queryFn: () => body(api.GET("/api/v1/sites/{site_id}/diagnosis", path(id))), staleTime: 0, refetchInterval: 5000 });
