/** A session as it is being put together, and why it cannot be sent yet. */
import { defaultsOf, fieldsOf, isComplete, type Values } from "@shared/forms/jsonSchema";

import type { Model, Session, SessionCreate, Site, Strategy, Task } from "@app/api/schemas";

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
  /** Of the chosen sites, in percent. */
  percent: number;
  seed: number;
  /** As the browser's field writes it, in local time; empty for none. */
  startAt: string;
  /** The bound on a site's change of the model; null lets it follow the model. */
  norm: number | null;
}

export interface Catalogue {
  tasks: readonly Task[];
  strategies: readonly Strategy[];
  models: readonly Model[];
  sites: readonly Site[];
}

/** The task parameter that lets a site train on studies that have no reference image, and the value that does. */
export const WITHOUT_REFERENCE = "without_reference";
const LEARNS = "full-counts";

export const learnsWithoutReference = (parameters: Values): boolean => parameters[WITHOUT_REFERENCE] === LEARNS;

export const learning = (parameters: Values, on: boolean): Values => ({ ...parameters, [WITHOUT_REFERENCE]: on ? LEARNS : "leave-out" });

/** Whether the task knows how to learn from such studies. */
export const mayLearnWithoutReference = (task: Task | undefined): boolean => fieldsOf(task?.parameters_schema).some(({ key }) => key === WITHOUT_REFERENCE);

/** Studies that a training with these parameters would use. */
export function usableFor(site: Site, task: string, parameters: Values): number {
  const counts = learnsWithoutReference(parameters) ? site.data?.by_task : site.data?.by_task_with_reference;
  return counts?.[task] ?? 0;
}

/** Studies that only a training that learns without references would use besides. */
export const bareFor = (site: Site, task: string, parameters: Values): number => usableFor(site, task, learning(parameters, true)) - usableFor(site, task, parameters);

/** Sites that can take part, those with data first. */
export function candidates(catalogue: Catalogue, task: string, parameters: Values): Site[] {
  return catalogue.sites
    .filter((site) => site.state === "trusted")
    .sort((a, b) => usableFor(b, task, parameters) - usableFor(a, task, parameters) || a.name.localeCompare(b.name));
}

/** Sites with new data; where nobody has new data, all that have any. */
function preselected(catalogue: Catalogue, task: string, parameters: Values): string[] {
  const able = candidates(catalogue, task, parameters).filter((site) => usableFor(site, task, parameters) > 0);
  const fresh = able.filter((site) => site.new_studies > 0);
  return (fresh.length > 0 ? fresh : able).map((site) => site.id);
}

/** The model a session of a task begins with unless somebody chooses another; null for random weights. */
const usualModel = (catalogue: Catalogue, task: string): string | null => catalogue.models.find((model) => model.task === task && model.recommended)?.id ?? null;

export function withTask(draft: Draft, task: Task, catalogue: Catalogue): Draft {
  const taskParameters = defaultsOf(task.parameters_schema);
  return chosenSites({ ...draft, task: task.name, taskParameters, modelId: usualModel(catalogue, task.name) }, preselected(catalogue, task.name, taskParameters));
}

/** Only these sites, as far as they may take part. */
function withSites(draft: Draft, catalogue: Catalogue, chosen: readonly string[]): Draft {
  const siteIds = candidates(catalogue, draft.task, draft.taskParameters).filter(({ id }) => chosen.includes(id)).map(({ id }) => id);
  return chosenSites(draft, siteIds);
}

export function initialDraft(catalogue: Catalogue, chosen?: readonly string[]): Draft {
  const [task] = catalogue.tasks;
  const [strategy] = catalogue.strategies;
  const draft: Draft = {
    title: "", task: "", taskParameters: {}, modelId: null, siteIds: [], strategy: strategy?.name ?? "", strategyParameters: defaultsOf(strategy?.parameters_schema),
    rounds: 6, quorum: 1, deadlineMinutes: 60, answerHours: 72, startWhenReady: true, note: "", percent: 100, seed: 0, startAt: "", norm: null,
  };
  if (task === undefined) return draft;
  const begun = withTask(draft, task, catalogue);
  return chosen === undefined ? begun : withSites(begun, catalogue, chosen);
}

/** The draft that also learns from studies without a reference, or not; sites that have any by now are chosen too. */
export function withLearning(draft: Draft, catalogue: Catalogue, on: boolean): Draft {
  const taskParameters = learning(draft.taskParameters, on);
  const before = preselected(catalogue, draft.task, draft.taskParameters);
  const gained = preselected(catalogue, draft.task, taskParameters).filter((id) => !before.includes(id));
  return withSites({ ...draft, taskParameters }, catalogue, [...draft.siteIds, ...gained]);
}

/** How many sites are drawn for a round. */
export const drawn = (draft: Draft): number => Math.max(1, Math.ceil((draft.percent / 100) * draft.siteIds.length));

const chosenSites = (draft: Draft, ids: readonly string[]): Draft => ({ ...draft, siteIds: [...ids], quorum: Math.max(1, Math.min(ids.length, Math.ceil(ids.length * 0.75))) });

interface Taken {
  draft: Draft;
  /** Whether its first model is still in the registry. */
  hasModel: boolean;
  /** Sites that cannot be asked any more. */
  gone: string[];
}

/** The settings of an earlier session, as far as what it used is still there. */
export function draftFrom(session: Session, catalogue: Catalogue): Taken {
  const begin = initialDraft(catalogue);
  const task = catalogue.tasks.find(({ name }) => name === session.task);
  const strategy = catalogue.strategies.find(({ name }) => name === session.strategy.name);
  if (task === undefined || strategy === undefined) return { draft: begin, hasModel: false, gone: [] };
  const model = catalogue.models.find(({ id }) => id === session.initial_model_id);
  const able = new Set(candidates(catalogue, task.name, session.task_parameters).map(({ id }) => id));
  const asked = session.participations.filter((site) => !site.left_out);
  const siteIds = asked.map((site) => site.site_id).filter((id) => able.has(id));
  return {
    hasModel: model !== undefined,
    gone: asked.filter((site) => !able.has(site.site_id)).map((site) => site.site_name),
    draft: {
      ...begin, title: session.title, task: task.name, taskParameters: { ...session.task_parameters }, modelId: model?.id ?? null, siteIds,
      strategy: strategy.name, strategyParameters: { ...defaultsOf(strategy.parameters_schema), ...session.strategy.parameters },
      rounds: session.rounds_planned, quorum: Math.max(1, Math.min(session.quorum, siteIds.length)), deadlineMinutes: session.round_deadline_s / 60, answerHours: session.answer_hours,
      startWhenReady: session.start_when_ready, note: session.note, percent: Math.round(session.fraction * 100), seed: session.seed, norm: session.max_update_norm,
    },
  };
}

export type Obstacle = "title" | "task" | "sites" | "quorum" | "taskParameters" | "strategyParameters" | "rounds" | "fraction" | "startAt" | "norm";

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
  else if (draft.siteIds.length > 0 && (!(draft.percent > 0) || drawn(draft) < draft.quorum)) found.push({ what: "fraction", step: 4 });
  if (draft.startAt !== "" && new Date(draft.startAt).getTime() < Date.now()) found.push({ what: "startAt", step: 4 });
  if (draft.norm !== null && !(draft.norm > 0)) found.push({ what: "norm", step: 5 });
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
    fraction: Math.min(1, draft.percent / 100),
    round_deadline_s: draft.deadlineMinutes * 60,
    answer_hours: draft.answerHours,
    start_when_ready: draft.startWhenReady || draft.startAt !== "",
    start_at: draft.startAt === "" ? null : new Date(draft.startAt).toISOString(),
    max_update_norm: draft.norm,
    seed: draft.seed,
    note: draft.note,
  };
}
