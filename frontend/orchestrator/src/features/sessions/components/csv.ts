/** A session's metrics as comma-separated values: one line a round, site and metric, and one for all sites together. */
import type { Session } from "@app/api/schemas";

/** A cell with quotes around it where the format needs them; a leading sign that a spreadsheet would calculate is disarmed. */
function cell(value: string | number): string {
  const text = typeof value === "number" ? String(value) : value.replace(/^(?=[=+\-@\t\r])/, "'");
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function metricsCsv(session: Session): string {
  const names = new Map(session.participations.map((site) => [site.site_id, site.site_name]));
  const lines = [["round", "site_id", "site", "studies", "metric", "value"]];
  for (const { record } of [...session.rounds].sort((a, b) => a.round - b.round)) {
    if (record === null) continue;
    const studies = record.updates.reduce((sum, update) => sum + update.num_examples, 0);
    const row = (id: string, name: string, count: number, metrics: Readonly<Record<string, number>>) => {
      for (const [metric, value] of Object.entries(metrics).sort(([a], [b]) => a.localeCompare(b))) lines.push([String(record.round), id, cell(name), String(count), cell(metric), String(value)]);
    };
    row("all", "all", studies, record.metrics);
    for (const update of record.updates) row(update.site_id, names.get(update.site_id) ?? update.site_id, update.num_examples, update.metrics);
  }
  return lines.map((line) => line.join(",")).join("\r\n") + "\r\n";
}
