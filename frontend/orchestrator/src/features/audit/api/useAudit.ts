/** The audit log, newest first, page by page, filtered; and its check. */
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";

const PAGE = 100;

export interface AuditFilter {
  area?: string;
  actor?: string;
  text?: string;
  /** Days as the browser writes them, both included. */
  from?: string;
  to?: string;
}

/** What the daemon is asked: the days become times of this computer's zone. */
export function toQuery({ area, actor, text, from, to }: AuditFilter): Record<string, string> {
  const since = from === undefined ? undefined : new Date(`${from}T00:00`).toISOString();
  const day = to === undefined ? undefined : new Date(`${to}T00:00`);
  day?.setDate(day.getDate() + 1);
  const all = { area, actor, text, since, until: day?.toISOString() };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ""));
}

export const exportAddress = (filter: AuditFilter, format: "json" | "csv") => `/api/v1/audit/export?${new URLSearchParams({ ...toQuery(filter), format }).toString()}`;

export const useAudit = (filter: AuditFilter) =>
  useInfiniteQuery({
    queryKey: ["audit", filter],
    initialPageParam: undefined as number | undefined,
    queryFn: async ({ pageParam }) => (await body(api.GET("/api/v1/audit/search", { params: { query: { ...toQuery(filter), before: pageParam, limit: PAGE } } }))).items,
    getNextPageParam: (last) => (last.length < PAGE ? undefined : last[last.length - 1]?.seq),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

export const useAuditWords = () => useQuery({ queryKey: ["audit-words"], queryFn: () => body(api.GET("/api/v1/audit/words")) });
export const useAuditCheck = () => useMutation({ mutationFn: () => body(api.GET("/api/v1/audit/verify")) });
