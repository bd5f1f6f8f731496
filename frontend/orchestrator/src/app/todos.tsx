/** What needs the manager now: requests for trust, answers, failures, certificates, new data. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { formatDateTime } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";
import type { Todo } from "@shared/ui/TodoList";

import type { SessionSummary, Site } from "@app/api/schemas";
import { daysLeft } from "@app/features/sites/components/CertificateEnd";

const ACTIVE = new Set<SessionSummary["state"]>(["running", "starting", "stopping", "offered", "paused"]);

/** How long a failure asks to be looked at. */
const FRESH_MS = 7 * 86_400_000;

type Translate = (key: string, options?: Record<string, unknown>) => string;

/** The most pressing first. */
export function todosOf(sites: readonly Site[], sessions: readonly SessionSummary[], t: Translate, now: number): Todo[] {
  const todos: Todo[] = [];
  const trusted = sites.filter((site) => site.state === "trusted");
  for (const site of sites.filter(({ state }) => state === "pending")) {
    todos.push({ key: `site-${site.id}`, tone: "warning", title: t("home.pending", { name: site.name }), text: t("home.pendingText"), action: <Button size="xs" renderRoot={(props) => <Link to="/sites" {...props} />}>{t("home.compare")}</Button> });
  }
  const newest = Math.max(...sessions.map((session) => Date.parse(session.created_at)));
  const asks = (session: SessionSummary) => session.state === "paused" || (session.state === "failed" && Date.parse(session.created_at) === newest && now - Date.parse(session.ended_at ?? session.created_at) < FRESH_MS);
  for (const session of sessions.filter(asks)) {
    todos.push({ key: session.id, tone: session.state === "failed" ? "danger" : "warning", title: t(`home.${session.state}`, { title: session.title }), text: translatedProblem(session.reason)?.title ?? (session.reason_text || session.advice), action: <Button size="xs" variant="default" renderRoot={(props) => <Link to="/training/$sessionId" params={{ sessionId: session.id }} {...props} />}>{t("home.look")}</Button> });
  }
  for (const site of trusted) {
    const days = daysLeft(site, now);
    if (days === undefined) continue;
    todos.push({ key: `certificate-${site.id}`, tone: days < 0 ? "danger" : "warning", title: t(days < 0 ? "todo.certificateEnded" : "todo.certificate", { name: site.name }), text: t("todo.certificateText"), action: <Button size="xs" variant="default" renderRoot={(props) => <Link to="/sites" {...props} />}>{t("todo.lookSite")}</Button> });
  }
  for (const session of sessions.filter(({ state }) => state === "offered")) {
    const ready = session.sites_agreed >= session.quorum;
    todos.push({ key: `offered-${session.id}`, tone: "info", title: t(ready ? "todo.ready" : "todo.answers", { title: session.title }), text: t("todo.answersText", { agreed: session.sites_agreed, invited: session.sites_invited, quorum: session.quorum, until: formatDateTime(session.answer_by) }), action: <Button size="xs" variant="default" renderRoot={(props) => <Link to="/training/$sessionId" params={{ sessionId: session.id }} {...props} />}>{t("home.look")}</Button> });
  }
  if (sites.length === 0) {
    todos.push({ key: "invite", tone: "info", title: t("home.invite"), text: t("home.inviteText"), action: <Button size="xs" renderRoot={(props) => <Link to="/sites" {...props} />}>{t("home.toSites")}</Button> });
  }
  const fresh = trusted.reduce((sum, site) => sum + site.new_studies, 0);
  if (fresh > 0 && !sessions.some(({ state }) => ACTIVE.has(state))) {
    todos.push({ key: "fresh", tone: "info", title: t("home.fresh", { count: fresh }), text: t("home.freshText", { names: trusted.filter((site) => site.new_studies > 0).map((site) => site.name).join(", ") }), action: <Button size="xs" renderRoot={(props) => <Link to="/new-data" {...props} />}>{t("todo.newData")}</Button> });
  }
  return todos;
}
