/** The audit log, newest rows last, page by page; and its check. */
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";

const PAGE = 200;

export const useAudit = () =>
  useInfiniteQuery({
    queryKey: ["audit"],
    initialPageParam: 0,
    queryFn: async ({ pageParam }) => (await body(api.GET("/api/v1/audit", { params: { query: { after: pageParam, limit: PAGE } } }))).items,
    getNextPageParam: (last) => (last.length < PAGE ? undefined : last[last.length - 1]?.seq),
    staleTime: 0,
  });

export const useAuditCheck = () => useMutation({ mutationFn: () => body(api.GET("/api/v1/audit/verify")) });
