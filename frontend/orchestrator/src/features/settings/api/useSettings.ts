/** The settings that are made on the page, drain mode, and what the program is made of. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { components } from "@app/api/schema";

type Api = components["schemas"];
export type Limits = Api["Limits"];
export type Retention = Api["Retention"];
export type Notices = Api["NoticesView"];
export type NoticesChange = Api["NoticesChange"];
export type NoticeKind = Notices["mail"]["kinds"][number];
export type Channel = "mail" | "webhook";
export type DaemonSettings = Api["DaemonSettingsView"];
export type NextStart = Api["NextStart"];

export const useLimits = () => useQuery({ queryKey: ["limits"], queryFn: () => body(api.GET("/api/v1/settings/limits")) });
export const useRetention = () => useQuery({ queryKey: ["retention"], queryFn: () => body(api.GET("/api/v1/settings/retention")) });
export const useNotices = () => useQuery({ queryKey: ["notices"], queryFn: () => body(api.GET("/api/v1/settings/notices")), refetchInterval: 15_000 });
export const useDaemonSettings = () => useQuery({ queryKey: ["daemon-settings"], queryFn: () => body(api.GET("/api/v1/settings/daemon")) });
export const useAbout = () => useQuery({ queryKey: ["about"], queryFn: () => body(api.GET("/api/v1/about")), staleTime: Infinity });
export const useDrain = () => useQuery({ queryKey: ["drain"], queryFn: () => body(api.GET("/api/v1/drain")), refetchInterval: (query) => (query.state.data?.on === true ? 3000 : false) });

/** Keep the answer of a change where the setting is read. */
function useChange<Input, Output>(key: string, run: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: run, onSuccess: (answer) => queries.setQueryData([key], answer) });
}

export const useSetLimits = () => useChange("limits", (input: Limits) => body(api.PUT("/api/v1/settings/limits", { body: input })));
export const useSetRetention = () => useChange("retention", (input: Retention) => body(api.PUT("/api/v1/settings/retention", { body: input })));
export const useSetNotices = () => useChange("notices", (input: NoticesChange) => body(api.PUT("/api/v1/settings/notices", { body: input })));
export const useSetDaemon = () => useChange("daemon-settings", (input: NextStart) => body(api.PUT("/api/v1/settings/daemon", { body: input })));
export const useSwitchDrain = () => useChange("drain", (on: boolean) => body(api.PUT("/api/v1/drain", { body: { on } })));
export const useTestNotice = () => useMutation({ mutationFn: (channel: Channel) => body(api.POST("/api/v1/settings/notices/test", { body: { channel } })) });
