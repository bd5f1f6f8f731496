/** The audit log of either daemon, newest first, page by page, filtered; and its check. */
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";

import { request } from "@shared/api/client";
import { spoken } from "@shared/i18n/language";
import { z } from "@shared/zod";

const PAGE = 100;
export const FORMATS = ["pdf", "csv", "json"] as const;

const rowSchema = z.object({ seq: z.number(), at: z.string(), actor: z.string(), action: z.string(), subject: z.string(), details: z.record(z.string(), z.unknown()), prev_hash: z.string(), hash: z.string() });
const rowsSchema = z.object({ items: z.array(rowSchema) });
const wordsSchema = z.object({ actors: z.array(z.string()), areas: z.array(z.string()) });
const checkSchema = z.object({ ok: z.boolean(), rows: z.number(), broken_at: z.number().nullable(), head: z.string() });

export interface AuditFilter {
  area?: string;
  actor?: string;
  text?: string;
  /** Days as the browser writes them, both included. */
  from?: string;
  to?: string;
}

/** What the daemon is asked: the days become times of this computer's zone. */
function toQuery({ area, actor, text, from, to }: AuditFilter): Record<string, string> {
  const since = from === undefined ? undefined : new Date(`${from}T00:00`).toISOString();
  const day = to === undefined ? undefined : new Date(`${to}T00:00`);
  day?.setDate(day.getDate() + 1);
  const all = { area, actor, text, since, until: day?.toISOString() };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ""));
}

export const exportAddress = (filter: AuditFilter, format: (typeof FORMATS)[number]) => `/api/v1/audit/export?${new URLSearchParams({ ...toQuery(filter), format, language: spoken() }).toString()}`;

export const useAudit = (filter: AuditFilter) =>
  useInfiniteQuery({
    queryKey: ["audit", filter],
    initialPageParam: undefined as number | undefined,
    queryFn: async ({ pageParam }) => {
      const query = new URLSearchParams({ ...toQuery(filter), limit: String(PAGE), ...(pageParam === undefined ? {} : { before: String(pageParam) }) });
      return (await request(`/audit/search?${query.toString()}`, rowsSchema)).items;
    },
    getNextPageParam: (last) => (last.length < PAGE ? undefined : last[last.length - 1]?.seq),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

export const useAuditWords = () => useQuery({ queryKey: ["audit-words"], queryFn: () => request("/audit/words", wordsSchema) });
export const useAuditCheck = () => useMutation({ mutationFn: () => request("/audit/verify", checkSchema) });
