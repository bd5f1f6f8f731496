/** Joining and leaving a federation. The connection's state is part of the system. */
import { useMutation } from "@tanstack/react-query";

import { answered, body } from "@shared/api/client";
import { useKeepAnswer } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Connection, System } from "@app/api/schemas";

export const usePreview = () =>
  useMutation({ mutationFn: (invitation: string) => body(api.POST("/api/v1/enrolment/preview", { body: { invitation } })) });

/** Puts the changed connection into the system's entry. */
const useKeepConnection = () => useKeepAnswer(["system"], (system: System, connection: Connection) => ({ ...system, connection }));

export function useEnrol() {
  const keep = useKeepConnection();
  return useMutation({ mutationFn: (input: { invitation: string; site_name: string }) => answered(api.POST("/api/v1/enrolment", { body: input })).then(keep) });
}

export const useRenew = () => useMutation({ mutationFn: () => body(api.POST("/api/v1/enrolment/renew")) });

export function useLeave() {
  const keep = useKeepConnection();
  return useMutation({ mutationFn: () => answered(api.DELETE("/api/v1/enrolment")).then(keep) });
}
