/** Standing rules: what is agreed to without asking. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { components } from "@app/api/schema";

export type Rule = components["schemas"]["RuleView"];
export type RuleWish = components["schemas"]["RuleWish"];
export type HoursOfDay = components["schemas"]["HoursOfDay"];

const KEY = ["rules"];
export const useRules = () => useQuery({ queryKey: KEY, queryFn: async () => (await body(api.GET("/api/v1/rules"))).items, refetchOnMount: "always" });

function useRuleChange<Input>(run: (input: Input) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: run, onSuccess: () => queries.invalidateQueries({ queryKey: KEY }) });
}

const path = (id: string) => ({ params: { path: { rule_id: id } } });

/** Make a rule, or change the one that is named. */
export const useSaveRule = () => useRuleChange(({ id, wish }: { id: string | null; wish: RuleWish }) => (id === null ? body(api.POST("/api/v1/rules", { body: wish })) : body(api.PUT("/api/v1/rules/{rule_id}", { ...path(id), body: wish }))));
export const useSwitchRule = () => useRuleChange(({ id, active }: { id: string; active: boolean }) => (active ? body(api.POST("/api/v1/rules/{rule_id}/resume", path(id))) : body(api.POST("/api/v1/rules/{rule_id}/pause", path(id)))));
export const useDeleteRule = () => useRuleChange((id: string) => body(api.DELETE("/api/v1/rules/{rule_id}", path(id))));
