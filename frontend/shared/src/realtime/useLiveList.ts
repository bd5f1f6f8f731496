/** A list by REST that stays true by deltas. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { useLiveConnection } from "@shared/realtime/LiveProvider";

export function useLiveList<T>(
  queryKey: readonly string[],
  load: () => Promise<{ items: T[]; seq: number }>,
): UseQueryResult<T[]> {
  const live = useLiveConnection();
  return useQuery({
    queryKey,
    queryFn: async () => {
      const { items, seq } = await load();
      return live.catchUp(queryKey, seq, items);
    },
  });
}
