import { describe, expect, it } from "vitest";

import type { Site } from "@app/api/schemas";
import { initialDraft, usableFor, withLearning, type Catalogue } from "@app/features/sessions/wizard/draft";

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
