/** Methods against each other: means with intervals, and below them the paired difference. */
import { Button, Table, Text } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";

import type { Comparison, Job } from "@app/api/laboratorySchemas";

/** Figures whose direction is plain; the others only say how they differ. */
const LESS_IS_BETTER: Readonly<Record<string, boolean>> = {
  nrmse_body: true, nrmse_heart: true, contrast_error: true, polar_rms: true, seconds: true, ssim_heart: false, psnr_body: false, psnr_heart: false,
};

type Interval = Comparison["summary"][string]["means"][string];

function verdict(key: string, difference: Interval): "better" | "worse" | "unclear" | null {
  const less = LESS_IS_BETTER[key];
  const { low, high } = difference;
  if (less === undefined || low === null || high === null) return null;
  if (low <= 0 && high >= 0) return "unclear";
  return (high < 0) === less ? "better" : "worse";
}

export function Compared({ job, found }: { job: Job; found: Comparison }) {
  const { t } = useTranslation();
  const methods = Object.keys(found.summary);
  const keys = Object.keys(found.summary[found.against]?.means ?? {});
  return (
    <Card title={t("lab.compared.title")} note={t("lab.compared.note", { count: found.studies, against: found.against })}
      aside={<Button variant="default" component="a" target="_blank" rel="noreferrer" href={`/api/v1/laboratory/jobs/${job.id}/report`} rightSection={<IconExternalLink size={15} />}>{t("lab.compared.report")}</Button>}>
      {found.failures > 0 && <Notice tone="warning" title={t("lab.compared.failures", { count: found.failures })} />}
      <ScrollTable label={t("lab.compared.title")}>
        <Table aria-label={t("lab.compared.title")} verticalSpacing={8}>
          <Table.Thead>
            <Table.Tr><Table.Th scope="col">{t("lab.compared.figure")}</Table.Th>{methods.map((name) => <Table.Th key={name} scope="col">{name}</Table.Th>)}</Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {keys.map((key) => (
              <Table.Tr key={key}>
                <Table.Th scope="row" style={{ fontWeight: 500 }}>{t(`lab.metric.${key}`, { defaultValue: key })}</Table.Th>
                {methods.map((name) => <Table.Td key={name} className="num"><Figure name={key} mean={found.summary[name]?.means[key]} difference={found.summary[name]?.differences[key]} /></Table.Td>)}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollTable>
    </Card>
  );
}

function Figure({ name, mean, difference }: { name: string; mean: Interval | undefined; difference: Interval | undefined }) {
  const { t } = useTranslation();
  if (mean === undefined) return <>–</>;
  const words = (figure: Interval) => t("lab.compared.difference", { value: formatNumber(figure.value), low: formatNumber(figure.low), high: formatNumber(figure.high) });
  const judged = difference === undefined ? null : verdict(name, difference);
  return (
    <>
      <Text size="sm">{words(mean)}</Text>
      {difference !== undefined && <Text size="xs" c="dimmed">Δ {words(difference)}{judged !== null && `, ${t(`lab.compared.${judged}`)}`}</Text>}
    </>
  );
}
