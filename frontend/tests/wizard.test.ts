import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import type { Site } from "@app/api/schemas";
import { initialDraft, obstacles, toRequest, usableFor, withLearning, type Catalogue } from "@app/features/sessions/wizard/draft";
import { plan as de } from "@app/i18n/de.plan";
import { plan as en } from "@app/i18n/en.plan";

const TASK = "spect-reconstruction";
const schema = { properties: { without_reference: { type: "string", enum: ["leave-out", "full-counts"], default: "leave-out" } } };

/** What the wizard looks at of a site. */
const site = (id: string, usable: number, reference: number, fresh: number) =>
  ({ id, name: id, state: "trusted", new_studies: fresh, data: { by_task: { [TASK]: usable }, by_task_with_reference: { [TASK]: reference } } }) as unknown as Site;

const catalogue = {
  tasks: [{ name: TASK, title: "", description: "", parameters_schema: schema }], strategies: [], models: [],
  sites: [site("phantoms", 5, 5, 0), site("scans", 9, 0, 9), site("both", 7, 3, 0)],
} as unknown as Catalogue;

describe("studies without a reference image", () => {
  it("count only where the session learns from them", () => {
    const [, scans] = catalogue.sites;
    expect(scans && usableFor(scans, TASK, {})).toBe(0);
    expect(scans && usableFor(scans, TASK, { without_reference: "full-counts" })).toBe(9);
  });

  it("bring in the sites that have nothing else, and never put one out", () => {
    const begun = initialDraft(catalogue);
    expect(begun.siteIds).toEqual(["phantoms", "both"]);
    const learning = withLearning(begun, catalogue, true);
    expect(learning.taskParameters["without_reference"]).toBe("full-counts");
    expect(learning.siteIds).toEqual(["scans", "both", "phantoms"]);
    const back = withLearning(learning, catalogue, false);
    expect(back.taskParameters["without_reference"]).toBe("leave-out");
    expect(back.siteIds).toContain("phantoms");
  });
});

describe("the bound on updates", () => {
  it("follows the model unless one is chosen, and the words say how", () => {
    const begun = initialDraft(catalogue);
    expect(toRequest(begun).max_update_norm).toBeNull();
    expect(toRequest({ ...begun, norm: 25 }).max_update_norm).toBe(25);
    expect(obstacles(begun, catalogue).map(({ what }) => what)).not.toContain("norm");
    expect(obstacles({ ...begun, norm: 0 }, catalogue).map(({ what }) => what)).toContain("norm");
    const source = readFileSync(join(import.meta.dirname, "..", "..", "fl_core", "flower", "updates.py"), "utf8");
    const [times, least] = ["TIMES_THE_MODEL", "SMALLEST_BOUND"].map((name) => Number(new RegExp(`^${name} = ([\\d.]+)$`, "m").exec(source)?.[1]));
    for (const { plan } of [en, de]) {
      expect(plan.normNote.match(/\d+/g)?.map(Number)).toEqual([times, least]);
      expect(plan.normSummaryUsual).toContain(String(times));
    }
  });
});

describe("the model a session begins with", () => {
  const model = (id: string, task: string, recommended: boolean) => ({ id, task, recommended }) as unknown as Catalogue["models"][number];

  it("is the recommended one of the task, else random weights", () => {
    const among = (models: Catalogue["models"]) => initialDraft({ ...catalogue, models }).modelId;
    expect(among([model("any", TASK, false), model("best", TASK, true), model("other", "brain-segmentation", true)])).toBe("best");
    expect(among([model("any", TASK, false), model("other", "brain-segmentation", true)])).toBeNull();
  });
});
