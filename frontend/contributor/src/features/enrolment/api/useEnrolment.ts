/** Joining and leaving a federation. The connection's state is part of the system. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { Connection, System } from "@app/api/schemas";

export const usePreview = () =>
  useMutation({ mutationFn: (invitation: string) => body(api.POST("/api/v1/enrolment/preview", { body: { invitation } })) });

function useConnectionChange<Input>(run: (input: Input) => Promise<Connection>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: (connection) => queries.setQueryData<System>(["system"], (system) => (system === undefined ? undefined : { ...system, connection })),
  });
}

export const useEnrol = () =>
  useConnectionChange((input: { invitation: string; site_name: string }) => body(api.POST("/api/v1/enrolment", { body: input })));
export const useLeave = () => useConnectionChange((_: void) => body(api.DELETE("/api/v1/enrolment")));
