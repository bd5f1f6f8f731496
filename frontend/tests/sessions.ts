/** A session as the orchestrator tells it, for tests. */
import { sessionSchema } from "@app/api/schemas";

export const round = (number: number, state: "running" | "closed") => ({
  round: number, state, started_at: "2026-01-01T00:00:00Z", deadline_at: null, received: 1, expected: 1, record: null, model_id: null,
});
const site = { site_id: "site-1", site_name: "North", state: "training", online: true, consent: null, progress: null, rounds_contributed: 0, missing_code: null, rounds_agreed: 5, further: null, answer_by: "2026-01-02T00:00:00Z", left_out: false };
export const session = sessionSchema.parse({
  id: "session-1", title: "Heart", state: "running", phase: "train", reason: "", reason_text: "", advice: "", task: "spect-reconstruction",
  strategy: { name: "fedavg" }, rounds_planned: 5, rounds_closed: 2, round: 3, quorum: 1, sites_invited: 1, sites_agreed: 1,
  initial_model_id: "model-1", latest_model_id: null, created_at: "2026-01-01T00:00:00Z", started_at: null, ended_at: null, answer_by: "2026-01-02T00:00:00Z",
  can_start: false, can_stop: true, can_resume: false, can_combine_now: false, can_abort: false, can_extend: true, can_change_sites: true, task_parameters: {}, fraction: 1, round_deadline_s: 60,
  answer_hours: 72, start_when_ready: true, start_at: null, seed: 0, max_update_norm: null, note: "",
  participations: [site], rounds: [round(1, "closed"), round(2, "closed"), round(3, "running")], log: [],
});
