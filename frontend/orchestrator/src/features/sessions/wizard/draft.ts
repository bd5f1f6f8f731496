/** A session as it is being put together, and why it cannot be sent yet. */
import { defaultsOf, isComplete, type Values } from "@shared/forms/jsonSchema";

import type { Model, SessionCreate, Site, Strategy, Task } from "@app/api/schemas";

export interface Draft {
  title: string;
  task: string;
  taskParameters: Values;
  modelId: string | null;
  siteIds: string[];
  strategy: string;
  strategyParameters: Values;
  rounds: number;
  quorum: number;
  deadlineMinutes: number;
  answerHours: number;
  startWhenReady: boolean;
  note: string;
}

export interface Catalogue {
  tasks: readonly Task[];
  strategies: readonly Strategy[];
  models: readonly Model[];
  sites: readonly Site[];
}

export const usableFor = (site: Site, task: string): number => site.data?.by_task?.[task] ?? 0;

/** Sites that can take part, those with data first. */
export function candidates(catalogue: Catalogue, task: string): Site[] {
  return catalogue.sites
    .filter((site) => site.state === "trusted")
    .sort((a, b) => usableFor(b, task) - usableFor(a, task) || a.name.localeCompare(b.name));
}

/** Sites with new data; where nobody has new data, all that have any. */
export function preselected(catalogue: Catalogue, task: string): string[] {
  const able = candidates(catalogue, task).filter((site) => usableFor(site, task) > 0);
  const fresh = able.filter((site) => site.new_studies > 0);
  return (fresh.length > 0 ? fresh : able).map((site) => site.id);
}

export function withTask(draft: Draft, task: Task, catalogue: Catalogue): Draft {
  const siteIds = preselected(catalogue, task.name);
  return { ...draft, task: task.name, taskParameters: defaultsOf(task.parameters_schema), modelId: null, siteIds, quorum: Math.max(1, Math.min(siteIds.length, Math.ceil(siteIds.length * 0.75))) };
}

/** Only these sites, as far as they may take part. */
function withSites(draft: Draft, catalogue: Catalogue, chosen: readonly string[]): Draft {
  const siteIds = candidates(catalogue, draft.task).filter(({ id }) => chosen.includes(id)).map(({ id }) => id);
  return { ...draft, siteIds, quorum: Math.max(1, Math.min(siteIds.length, Math.ceil(siteIds.length * 0.75))) };
}

export function initialDraft(catalogue: Catalogue, chosen?: readonly string[]): Draft {
  const [task] = catalogue.tasks;
  const [strategy] = catalogue.strategies;
  const draft: Draft = {
    title: "", task: "", taskParameters: {}, modelId: null, siteIds: [], strategy: strategy?.name ?? "", strategyParameters: defaultsOf(strategy?.parameters_schema),
    rounds: 6, quorum: 1, deadlineMinutes: 60, answerHours: 72, startWhenReady: true, note: "",
  };
  if (task === undefined) return draft;
  const begun = withTask(draft, task, catalogue);
  return chosen === undefined ? begun : withSites(begun, catalogue, chosen);
}

export type Obstacle = "title" | "task" | "sites" | "quorum" | "taskParameters" | "strategyParameters" | "rounds";

/** Everything that stands in the way, in the order of the steps. */
export function obstacles(draft: Draft, catalogue: Catalogue): { what: Obstacle; step: number }[] {
  const task = catalogue.tasks.find(({ name }) => name === draft.task);
  const strategy = catalogue.strategies.find(({ name }) => name === draft.strategy);
  const found: { what: Obstacle; step: number }[] = [];
  if (task === undefined) found.push({ what: "task", step: 0 });
  if (draft.siteIds.length === 0) found.push({ what: "sites", step: 2 });
  if (!isComplete(strategy?.parameters_schema, draft.strategyParameters)) found.push({ what: "strategyParameters", step: 3 });
  if (!isComplete(task?.parameters_schema, draft.taskParameters)) found.push({ what: "taskParameters", step: 3 });
  if (draft.title.trim() === "") found.push({ what: "title", step: 4 });
  if (!(draft.rounds >= 1 && draft.deadlineMinutes > 0 && draft.answerHours > 0)) found.push({ what: "rounds", step: 4 });
  if (draft.siteIds.length > 0 && (draft.quorum < 1 || draft.quorum > draft.siteIds.length)) found.push({ what: "quorum", step: 4 });
  return found;
}

export function toRequest(draft: Draft): SessionCreate {
  return {
    title: draft.title.trim(),
    task: draft.task,
    task_parameters: { ...draft.taskParameters },
    model_id: draft.modelId,
    site_ids: draft.siteIds,
    strategy: { name: draft.strategy, parameters: { ...draft.strategyParameters } },
    rounds: draft.rounds,
    quorum: draft.quorum,
    fraction: 1,
    round_deadline_s: draft.deadlineMinutes * 60,
    answer_hours: draft.answerHours,
    start_when_ready: draft.startWhenReady,
    seed: 0,
    note: draft.note,
  };
}
