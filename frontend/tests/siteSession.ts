/** A session as a site tells it, for tests. */
import { roundBriefSchema, sessionSummarySchema, type SiteRound, type SiteSessionSummary } from "../contributor/src/api/schemas";

export const siteRound = (number: number, part: Partial<SiteRound> = {}): SiteRound => ({
  round: number, phase: "sent", fraction: 1, loss: 0.5, losses: [1, 0.5], code: null, started_at: "2026-01-01T00:00:00Z", ended_at: "2026-01-01T00:05:00Z", scores: null,
  sent: { bytes: 1_000_000, tensors: 4, sha256: "a".repeat(64), norm: 1.5, num_examples: 3 }, ...part,
});

export const briefly = (round: SiteRound) => roundBriefSchema.parse(round);

export const siteSession = (part: Partial<SiteSessionSummary> = {}): SiteSessionSummary => sessionSummarySchema.parse({
  id: "session-1", title: "Heart", task: "spect-reconstruction", state: "running", reason: "", consent_state: "agreed", paused: false, orchestrator: "Lab", destination: "Lab (1.2.3.4)",
  round_deadline_s: 600, round: 2, rounds_planned: 5, studies: 3, bytes_sent: 2_000_000, latest_round: briefly(siteRound(2)), held: [], latest_model_id: null, started_at: "2026-01-01T00:00:00Z", ended_at: null, ...part,
});
