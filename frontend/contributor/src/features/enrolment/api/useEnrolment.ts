/** Joining and leaving a federation. The connection's state is part of the system. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { Connection, System } from "@app/api/schemas";

export const usePreview = () =>
  useMutation({ mutationFn: (invitation: string) => body(api.POST("/api/v1/enrolment/preview", { body: { invitation } })) });

/** Puts the changed connection into the system's entry. */
function useKeepConnection(): (connection: Connection) => void {
  const queries = useQueryClient();
  return (connection) => {
    queries.setQueryData<System>(["system"], (system) => (system === undefined ? undefined : { ...system, connection }));
  };
}

export function useEnrol() {
  const onSuccess = useKeepConnection();
  return useMutation({ mutationFn: (input: { invitation: string; site_name: string }) => body(api.POST("/api/v1/enrolment", { body: input })), onSuccess });
}

export const useRenew = () => useMutation({ mutationFn: () => body(api.POST("/api/v1/enrolment/renew")) });

export function useLeave() {
  const onSuccess = useKeepConnection();
  return useMutation({ mutationFn: () => body(api.DELETE("/api/v1/enrolment")), onSuccess });
}
