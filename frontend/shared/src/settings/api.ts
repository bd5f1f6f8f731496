/** Notices, the settings of the next start, and what the program is: the same routes in both daemons. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { request } from "@shared/api/client";
import { z } from "@shared/zod";

const mailSchema = z.object({
  enabled: z.boolean(), host: z.string(), port: z.number(), security: z.enum(["starttls", "tls", "none"]), username: z.string(),
  sender: z.string(), recipients: z.array(z.string()), kinds: z.array(z.string()), direct: z.boolean().optional(), language: z.enum(["en", "de"]),
});
const webhookSchema = z.object({ enabled: z.boolean(), url: z.string(), kinds: z.array(z.string()), direct: z.boolean().optional() });
const channelSchema = z.enum(["mail", "webhook"]);
const noticeSchema = z.object({
  id: z.number(), channel: channelSchema, kind: z.string(), state: z.enum(["waiting", "sent", "failed"]), attempts: z.number(),
  created_at: z.string(), next_at: z.string(), problem: z.string(),
});
const noticesSchema = z.object({ mail: mailSchema, webhook: webhookSchema, has_mail_password: z.boolean(), has_webhook_secret: z.boolean(), latest: z.array(noticeSchema) });
const testedSchema = z.object({ channel: channelSchema, answer: z.string() });
const valuesSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const startSchema = z.object({ present: valuesSchema, next: valuesSchema, fixed: z.array(z.string()), public_address: z.string().optional(), open_invitations: z.number().optional() });
const aboutSchema = z.object({
  version: z.string(), protocol: z.string(), python: z.string(), licence: z.string(), home: z.string(),
  components: z.array(z.object({ name: z.string(), version: z.string(), licence: z.string() })),
});

export type Channel = z.infer<typeof channelSchema>;
export type Mail = z.infer<typeof mailSchema>;
export type Webhook = z.infer<typeof webhookSchema>;
export type Notices = z.infer<typeof noticesSchema>;
export type StartValues = z.infer<typeof valuesSchema>;
export type StartSettings = z.infer<typeof startSchema>;
/** A secret that is null stays as it is. */
export interface NoticesChange { mail: Mail; webhook: Webhook; mail_password: string | null; webhook_secret: string | null }

const [NOTICES, START] = ["notices", "daemon-settings"];
const LATEST_MS = 15_000;

export const useNotices = () => useQuery({ queryKey: [NOTICES], queryFn: () => request("/settings/notices", noticesSchema), refetchInterval: LATEST_MS });
export const useStartSettings = () => useQuery({ queryKey: [START], queryFn: () => request("/settings/daemon", startSchema) });
export const useAbout = () => useQuery({ queryKey: ["about"], queryFn: () => request("/about", aboutSchema) });

/** Keep the answer of a change where the setting is read. */
function useKept<Input, Output>(key: string, run: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: run, onSuccess: (answer) => queries.setQueryData([key], answer) });
}

export const useSetNotices = () => useKept(NOTICES, (input: NoticesChange) => request("/settings/notices", noticesSchema, "PUT", input));
export const useSetStart = () => useKept(START, (input: StartValues) => request("/settings/daemon", startSchema, "PUT", input));
export const useTestNotice = () => useMutation({ mutationFn: (channel: Channel) => request("/settings/notices/test", testedSchema, "POST", { channel }) });
