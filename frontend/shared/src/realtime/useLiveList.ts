/** What is read by REST and stays true by deltas: a list, or one whole resource. */
import { useMutation, useQueries, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";

import type { Answered, Snapshot } from "@shared/api/client";
import type { LiveConnection } from "@shared/realtime/live";
import { useLiveConnection } from "@shared/realtime/LiveProvider";

/** How many items of a long list are read first, and at once later. */
export const partOf = (cursor: string | null) => ({ cursor, limit: cursor === null ? 100 : 500 });

/** A long list comes in parts: the first stands in the page at once, the whole once the last part is there. */
export function useLiveList<T>(
  queryKey: readonly string[],
  load: (cursor: string | null) => Promise<Snapshot<T>>,
): UseQueryResult<T[]> {
  const live = useLiveConnection();
  const queries = useQueryClient();
  return useQuery({
    queryKey,
    queryFn: async () => {
      const first = await load(null);
      let { items, next } = first;
      if (next !== null && queries.getQueryData(queryKey) === undefined) queries.setQueryData(queryKey, live.catchUp(queryKey, first.seq, items));
      while (next !== null) {
        const part = await load(next);
        items = [...items, ...part.items];
        next = part.next;
      }
      return live.catchUp(queryKey, first.seq, items);
    },
  });
}

/** Whether the lists have been there as a whole: only then is what they lack really gone, and a choice among them the right one. */
export function useWhole(...lists: readonly { data: unknown; isFetching: boolean }[]): boolean {
  const [whole, setWhole] = useState(false);
  const now = lists.every(({ data, isFetching }) => data !== undefined && !isFetching);
  if (now && !whole) setWhole(true);
  return now || whole;
}

type LiveOne<T> = [queryKey: readonly string[], load: () => Promise<Answered<T>>];

function asking<T>(live: LiveConnection, [queryKey, load]: LiveOne<T>) {
  return {
    queryKey,
    queryFn: async () => {
      const { value, seq } = await load();
      return live.catchUp(queryKey, seq, value);
    },
  };
}

export function useLiveOne<T>(...one: LiveOne<T>): UseQueryResult<T> {
  return useQuery(asking(useLiveConnection(), one));
}

/** Several whole resources; those that are there, in the order asked for. */
export function useLiveSeveral<T>(several: readonly LiveOne<T>[]) {
  const live = useLiveConnection();
  return useQueries({
    queries: several.map((one) => asking(live, one)),
    combine: (queries) => ({ whole: queries.flatMap(({ data }) => (data === undefined ? [] : [data])), pending: queries.some(({ isPending }) => isPending), error: queries.find(({ error }) => error !== null)?.error ?? null }),
  });
}

/** Asks for a removal by id and takes what is gone out of the list; `after` is for what else changes with it. */
export function useRemoval<T extends { id: string }>(queryKey: readonly string[], ask: (id: string) => Promise<{ id: string }>, after?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ask,
    onSuccess: ({ id }) => {
      queries.setQueryData<T[]>(queryKey, (known) => known?.filter((one) => one.id !== id));
      after?.();
    },
  });
}

/** Keeps the answer to a change, and returns it. */
export function useKeepAnswer<T, Kept = T[]>(queryKey: readonly string[], put: (kept: Kept, value: T) => Kept): (answer: Answered<T>) => T {
  const live = useLiveConnection();
  return (answer) => live.keep(queryKey, answer, put);
}
