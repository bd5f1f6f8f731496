/** Lines of the activity before those that are known: read when somebody asks for them, and kept with the others. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

/** So many lines are read at first, and each time later. */
export const PAGE = 100;

interface Line {
  seq: number;
}

export interface Older {
  /** Whether there may be more. */
  more: boolean;
  pending: boolean;
  error: Error | null;
  load: (before: number) => Promise<unknown>;
}

export function useOlder<T extends Line>(queryKey: readonly string[], known: readonly T[] | undefined, ask: (before: number) => Promise<T[]>): Older {
  const queries = useQueryClient();
  const reading = useMutation({
    mutationFn: ask,
    onSuccess: (older) => {
      queries.setQueryData<T[]>(queryKey, (lines) => {
        const last = lines?.at(-1)?.seq ?? Infinity;
        return lines?.concat(older.filter(({ seq }) => seq < last));
      });
    },
  });
  const ended = reading.data !== undefined && reading.data.length < PAGE;
  return { more: !ended && (known?.length ?? 0) >= PAGE, pending: reading.isPending, error: reading.error, load: reading.mutateAsync };
}
