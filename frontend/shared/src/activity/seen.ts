/** How much of the activity this account has not read; one's own acts are no news. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { useMe } from "@shared/accounts/api";
import { request } from "@shared/api/client";
import { z } from "@shared/zod";

const seenSchema = z.object({ seq: z.number() });

interface Line {
  seq: number;
  actor?: string | null;
}

/** Numbers of the lines that are news to a reader. */
export function unreadOf(lines: readonly Line[], seen: number, me: string | undefined): ReadonlySet<number> {
  return new Set(lines.filter((line) => line.seq > seen && (line.actor ?? null) !== (me ?? "")).map(({ seq }) => seq));
}

export function useUnreadOf(lines: readonly Line[] | undefined): ReadonlySet<number> {
  const me = useMe().data?.name;
  const seen = useQuery({ queryKey: ["seen"], queryFn: async () => (await request("/activity/seen", seenSchema)).seq }).data;
  return lines === undefined || seen === undefined ? new Set() : unreadOf(lines, seen, me);
}

export function useMarkSeen() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (seq: number) => (await request("/activity/seen", seenSchema, "PUT", { seq })).seq,
    onSuccess: (seq) => queries.setQueryData(["seen"], seq),
  });
}
