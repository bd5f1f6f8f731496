/** What happened, newest first, and how much of it this account has not read. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body, snapshot } from "@shared/api/client";
import { useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";

export const useActivity = () => useLiveList(["activity"], () => snapshot(api.GET("/api/v1/activity")));

const useSeen = () => useQuery({ queryKey: ["seen"], queryFn: async () => (await body(api.GET("/api/v1/activity/seen"))).seq });

/** Number of the newest line that was read, and how many of the known lines came after it. */
export function useUnread(): { seen: number; count: number } {
  const lines = useActivity().data;
  const seen = useSeen().data;
  if (lines === undefined || seen === undefined) return { seen: Infinity, count: 0 };
  return { seen, count: lines.filter((line) => line.seq > seen).length };
}

export function useMarkSeen() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (seq: number) => (await body(api.PUT("/api/v1/activity/seen", { body: { seq } }))).seq,
    onSuccess: (seq) => queries.setQueryData(["seen"], seq),
  });
}
