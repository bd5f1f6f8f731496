/** What a data set holds, in figures. */
import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatBytes, formatCount, formatFixed } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { Facts } from "@shared/ui/Page";

import type { DataSet, SetFacts } from "@app/api/laboratorySchemas";

const MOST_PROBLEMS = 8;

export function SetDetails({ set, facts }: { set: DataSet; facts: SetFacts }) {
  const { t } = useTranslation();
  const part = (count: number) => t("lab.set.of", { count, total: formatCount(facts.studies) });
  const references = Object.values(facts.references).reduce((sum, count) => sum + count, 0);
  const million = (value: number) => formatFixed(value / 1e6, 2);
  const scenario = (name: string) => t(`lab.makeForm.scenario.${name}`, { defaultValue: name });
  return (
    <Stack gap="md">
      {facts.problem_count > 0 && (
        <Notice tone="warning" title={t("lab.set.problems", { count: facts.problem_count })}>
          <ul style={{ margin: 0, paddingLeft: 18 }}>
            {facts.problems.slice(0, MOST_PROBLEMS).map(({ file, reason }) => <li key={file} style={{ overflowWrap: "anywhere" }}>{file}: {reason}</li>)}
          </ul>
        </Notice>
      )}
      <Facts grid items={[
        [t("lab.studies"), formatCount(facts.studies)],
        [t("lab.set.patients"), formatCount(facts.patients)],
        [t("lab.size"), formatBytes(facts.bytes)],
        [t("lab.set.counts"), t("lab.set.countsRange", { low: million(facts.counts.low), high: million(facts.counts.high) })],
        [t("lab.set.references"), part(references)],
        [t("lab.set.attenuation"), part(facts.with_attenuation)],
        [t("lab.set.infarcts"), part(facts.with_infarcts)],
        [t("lab.set.lesions"), part(facts.with_lesions)],
        [t("lab.set.grids"), Object.keys(facts.grids).map((grid) => grid.replaceAll("x", " × ")).join(", ")],
        [t("lab.set.outliers"), formatCount(facts.outliers)],
        ...(facts.scenarios.length > 0 ? [[t("lab.set.seed"), `${facts.scenarios.map(scenario).join(", ")}, ${facts.seeds.join(", ")}`] as const] : []),
      ]} />
      <Text size="sm" style={{ overflowWrap: "anywhere" }}><Text span c="dimmed" size="sm">{t("lab.set.folder")}: </Text><span className="mono">{set.folder}</span></Text>
    </Stack>
  );
}
