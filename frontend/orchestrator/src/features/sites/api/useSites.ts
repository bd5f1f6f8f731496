/** Sites and invitations: lists and what can be done with them. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { body, snapshot } from "@shared/api/client";
import { keyed, useCreate } from "@shared/api/once";
import { partOf, useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Site } from "@app/api/schemas";

/** By name, as the page shows them, so that the first part is what stands on top. */
export const useSites = () =>
  useLiveList(["sites"], (cursor) => snapshot(api.GET("/api/v1/sites", { params: { query: { sort: "name", ...partOf(cursor) } } })));
export const useInvitations = () =>
  useLiveList(["invitations"], (cursor) => snapshot(api.GET("/api/v1/invitations", { params: { query: partOf(cursor) } })));

/** Run an action on a site and keep its answer in the list. */
function useSiteAction<Input>(run: (input: Input) => Promise<Site>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: (site) =>
      queries.setQueryData<Site[]>(["sites"], (sites) => sites?.map((known) => (known.id === site.id ? site : known))),
  });
}

const path = (siteId: string) => ({ params: { path: { site_id: siteId } } });

export const useApproveSite = () =>
  useSiteAction(({ id, fingerprint }: Site) => body(api.POST("/api/v1/sites/{site_id}/approve", { ...path(id), body: { fingerprint } })));
export const useRefuseSite = () => useSiteAction(({ id }: Site) => body(api.POST("/api/v1/sites/{site_id}/refuse", path(id))));
export const useRevokeSite = () => useSiteAction(({ id }: Site) => body(api.POST("/api/v1/sites/{site_id}/revoke", path(id))));
export const useSuspendSite = () => useSiteAction(({ id }: Site) => body(api.POST("/api/v1/sites/{site_id}/suspend", path(id))));
export const useReadmitSite = () => useSiteAction(({ id }: Site) => body(api.POST("/api/v1/sites/{site_id}/readmit", path(id))));
export const useRenewSite = () => useSiteAction(({ id }: Site) => body(api.POST("/api/v1/sites/{site_id}/renew", path(id))));
export const useRenameSite = () =>
  useSiteAction(({ id, name }: { id: string; name: string }) => body(api.PATCH("/api/v1/sites/{site_id}", { ...path(id), body: { name } })));

export function useInvite() {
  const queries = useQueryClient();
  return useCreate(
    (input: { site_name: string | null; valid_hours: number }, key) => body(api.POST("/api/v1/invitations", { body: input, headers: keyed(key) })),
    () => queries.invalidateQueries({ queryKey: ["invitations"] }),
  );
}

export function useWithdrawInvitation() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => body(api.DELETE("/api/v1/invitations/{invitation_id}", { params: { path: { invitation_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["invitations"] }),
  });
}
