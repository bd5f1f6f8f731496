import { describe, expect, it } from "vitest";

import { jobSummarySchema, type Job } from "@app/api/laboratorySchemas";
import { applyJob } from "@app/app/live";

const point = (step: number) => ({ step, epoch: step / 10, train_loss: null, score: 1 / step, nrmse_body: null, nrmse_heart: null, ssim_heart: null });
const loss = (step: number) => ({ step, loss: 1 / step });

const job = (steps: readonly number[], more: Partial<Job> = {}): Job => ({
  id: "job-1", number: 1, kind: "training", title: "Heart", state: "running", ending: false, can_cancel: true, can_resume: false, problem: null, set_id: null, model_id: null,
  created_at: "2026-01-01T00:00:00Z", started_at: null, ended_at: null, spec: { epochs: 20 },
  live: { share: 0.5, stage: "training", done: null, total: null, step: null, steps: null, epoch: null, loss: null, best_score: null, left_s: null, curve: steps.map(point), losses: steps.map(loss) },
  ...more,
});

const told = (steps: readonly number[], more: Partial<Job> = {}): unknown => ({ ...job(steps, more), spec: undefined });

const steps = (known: Job | null) => known?.live.curve?.map(({ step }) => step);

describe("one job, live", () => {
  it("keeps the points that a delta does not tell again, and what was asked of it", () => {
    const after = applyJob(job([10, 20, 30]), told([30, 40], { state: "done" }));
    expect(steps(after)).toEqual([10, 20, 30, 40]);
    expect(after?.live.losses?.map(({ step }) => step)).toEqual([10, 20, 30, 40]);
    expect([after?.state, after?.spec]).toEqual(["done", { epochs: 20 }]);
  });

  it("forgets the steps that a training repeats after it went on, and all when it begins anew", () => {
    expect(steps(applyJob(job([10, 20, 30, 40]), told([20])))).toEqual([10, 20]);
    expect(steps(applyJob(job([10, 20, 30, 40]), told([])))).toEqual([]);
  });

  it("keeps its curve short through a training of any length, and the newest point always", () => {
    let known: Job | null = job([]);
    for (let step = 1; step <= 3000; step += 1) known = applyJob(known, told([step]));
    expect(steps(known)?.length).toBeLessThanOrEqual(500);
    expect(steps(known)?.at(-1)).toBe(3000);
  });

  it("stays removed, and stays as it was when a delta does not fit", () => {
    const known = job([10]);
    expect(applyJob(null, told([20]))).toBeNull();
    expect(applyJob(known, { id: "job-1" })).toBe(known);
  });

  it("stands in a list without its curves", () => {
    expect(Object.keys(jobSummarySchema.parse(told([10, 20])).live)).not.toContain("curve");
  });
});
