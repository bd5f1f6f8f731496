import { expect, it } from "vitest";

import { metricsCsv } from "../orchestrator/src/features/sessions/components/csv";

const update = { site_id: "s1", bytes: 1, sha256: "", norm: 1, num_examples: 4, metrics: { train_loss: 0.5, score_nrmse: 0.25 }, train_s: 1, score_s: 1, received_after_s: 1 };
const record = { session_id: "a", round: 1, updates: [update], missing: {}, weights_file: "", sha256: "", metrics: { train_loss: 0.5 }, push_s: 0, wait_s: 0, aggregate_s: 0, checkpoint_s: 0, total_s: 0, overhead_s: 0 };

/** Only what the table is made of. */
const session = (name: string) => JSON.parse(JSON.stringify({ participations: [{ site_id: "s1", site_name: name }], rounds: [{ round: 2, record: null }, { round: 1, record }] }));

it("has a line for all sites together and one a site, by round and metric", () => {
  expect(metricsCsv(session("North")).trim().split("\r\n")).toEqual([
    "round,site_id,site,studies,metric,value",
    "1,all,all,4,train_loss,0.5",
    "1,s1,North,4,score_nrmse,0.25",
    "1,s1,North,4,train_loss,0.5",
  ]);
});

it("quotes names that hold a comma or a quotation mark, and disarms one that a spreadsheet would calculate", () => {
  expect(metricsCsv(session('North, "old"'))).toContain('1,s1,"North, ""old""",4,');
  expect(metricsCsv(session("=1+1"))).toContain("1,s1,'=1+1,4,");
});
