/** Sites and invitations: lists and what can be done with them. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { answered, body, snapshot, type Answered } from "@shared/api/client";
import { keyed, useCreate } from "@shared/api/once";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Site } from "@app/api/schemas";

const KEY = ["sites"];

/** By name, as the page shows them, so that the first part is what stands on top. */
export const useSites = () =>
  useLiveList(KEY, (cursor) => snapshot(api.GET("/api/v1/sites", { params: { query: { sort: "name", ...partOf(cursor) } } })));
export const useInvitations = () =>
  useLiveList(["invitations"], (cursor) => snapshot(api.GET("/api/v1/invitations", { params: { query: partOf(cursor) } })));

/** Run an action on a site and keep its answer in the list. */
function useSiteAction<Input>(run: (input: Input) => Promise<Answered<Site>>) {
  const keep = useKeepAnswer(KEY, put((site: Site) => site.id));
  return useMutation({ mutationFn: (input: Input) => run(input).then(keep) });
}

const path = (siteId: string) => ({ params: { path: { site_id: siteId } } });

export const useApproveSite = () =>
  useSiteAction(({ id, fingerprint }: Site) => answered(api.POST("/api/v1/sites/{site_id}/approve", { ...path(id), body: { fingerprint } })));
export const useRefuseSite = () => useSiteAction(({ id }: Site) => answered(api.POST("/api/v1/sites/{site_id}/refuse", path(id))));
export const useRevokeSite = () => useSiteAction(({ id }: Site) => answered(api.POST("/api/v1/sites/{site_id}/revoke", path(id))));
export const useSuspendSite = () => useSiteAction(({ id }: Site) => answered(api.POST("/api/v1/sites/{site_id}/suspend", path(id))));
export const useReadmitSite = () => useSiteAction(({ id }: Site) => answered(api.POST("/api/v1/sites/{site_id}/readmit", path(id))));
export const useRenewSite = () => useSiteAction(({ id }: Site) => answered(api.POST("/api/v1/sites/{site_id}/renew", path(id))));
export const useRenameSite = () =>
  useSiteAction(({ id, name }: { id: string; name: string }) => answered(api.PATCH("/api/v1/sites/{site_id}", { ...path(id), body: { name } })));

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
