/** Who is signed in, and the accounts of all; the same routes in both daemons. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { request } from "@shared/api/client";
import { useCreate } from "@shared/api/once";
import { useLiveConnection } from "@shared/realtime/LiveProvider";
import { z } from "@shared/zod";

const meSchema = z.object({
  version: z.string(), account_id: z.string().nullable(), name: z.string(), role: z.string(),
  can_act: z.boolean(), manages_accounts: z.boolean(), has_password: z.boolean(),
});
const accountSchema = z.object({
  id: z.string(), name: z.string(), role: z.string(), state: z.enum(["invited", "active", "disabled"]), created_at: z.string(),
  last_seen: z.string().nullable(), has_password: z.boolean(), invited_until: z.string().nullable(),
});
const accountsSchema = z.object({ items: z.array(accountSchema), roles: z.array(z.string()) });
const invitedSchema = z.object({ account: accountSchema, link: z.string() });
const signInSchema = z.object({ id: z.string(), browser: z.string(), created_at: z.string(), seen_at: z.string(), expires_at: z.string(), current: z.boolean() });
const signInsSchema = z.object({ items: z.array(signInSchema) });
const endedSchema = z.object({ id: z.string() });

export type Account = z.infer<typeof accountSchema>;
export type Me = z.infer<typeof meSchema>;
export interface AccountChange { name?: string; role?: string; state?: "active" | "disabled" }

/** The account of whoever starts the program: it cannot be removed or invited anew. */
export const OWNER = "owner";
const ME = ["me"];
const ACCOUNTS = ["accounts"];
const SIGN_INS = ["sign-ins"];

export const useMe = () => useQuery({ queryKey: ME, queryFn: () => request("/me", meSchema) });
export const useAccounts = () => useQuery({ queryKey: ACCOUNTS, queryFn: () => request("/accounts", accountsSchema), refetchOnMount: "always" });
export const useSignIns = () => useQuery({ queryKey: SIGN_INS, queryFn: () => request("/me/sign-ins", signInsSchema), refetchOnMount: "always" });

function useChanging<Input, Output>(run: (input: Input) => Promise<Output>, keys: readonly string[][]) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: run, onSuccess: () => Promise.all(keys.map((queryKey) => queries.invalidateQueries({ queryKey }))) });
}

export function useInviteAccount() {
  const queries = useQueryClient();
  return useCreate(
    (wanted: { name: string; role: string }, key) => request("/accounts", invitedSchema, "POST", wanted, key),
    () => queries.invalidateQueries({ queryKey: ACCOUNTS }),
  );
}
export const useInviteAgain = () => useChanging((id: string) => request(`/accounts/${id}/invitation`, invitedSchema, "POST"), [ACCOUNTS]);
export const useChangeAccount = () =>
  useChanging(({ id, change }: { id: string; change: AccountChange }) => request(`/accounts/${id}`, accountSchema, "PATCH", change), [ACCOUNTS, ME]);
export const useRemoveAccount = () => useChanging((id: string) => request(`/accounts/${id}`, endedSchema, "DELETE"), [ACCOUNTS]);
export const useEndSignIn = () => useChanging((id: string) => request(`/me/sign-ins/${id}`, endedSchema, "DELETE"), [SIGN_INS]);
export const useSetPassword = () =>
  useChanging((wanted: { present: string | null; new: string }) => request("/me/password", accountSchema, "PUT", wanted), [ME, SIGN_INS, ACCOUNTS]);

/** The live connection is closed first: the page does not fight its own end. */
export function useSignOut() {
  const live = useLiveConnection();
  return useMutation({
    onMutate: () => live.close(),
    mutationFn: () => request("/me/sign-out", endedSchema, "POST"),
    onSuccess: () => window.location.assign("/login"),
    onError: () => live.open(),
  });
}
