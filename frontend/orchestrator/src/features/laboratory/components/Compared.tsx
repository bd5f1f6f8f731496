/** Methods against each other: means with intervals, and below them the paired difference. */
import { Button, Table, Text } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { formatAlike } from "@shared/format/format";
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
                {methods.map((name) => <Table.Td key={name} className="num" style={{ verticalAlign: "top" }}><Figure name={key} mean={found.summary[name]?.means[key]} difference={found.summary[name]?.differences[key]} scale={scaleOf(methods.flatMap((one) => found.summary[one]?.means[key] ?? []))} /></Table.Td>)}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollTable>
    </Card>
  );
}

interface FigureProps {
  name: string;
  mean: Interval | undefined;
  difference: Interval | undefined;
  scale: Scale;
}

const VERDICT_COLOURS = { better: "var(--tone-success)", worse: "var(--tone-danger)", unclear: undefined } as const;

function Figure({ name, mean, difference, scale }: FigureProps) {
  const { t } = useTranslation();
  if (mean === undefined) return <>–</>;
  const [value, low, high] = formatAlike([mean.value, mean.low, mean.high]);
  const apart = difference === undefined ? [] : formatAlike([difference.value, difference.low, difference.high]);
  const judged = difference === undefined ? null : verdict(name, difference);
  return (
    <>
      <Text size="sm" fw={600}>{value}</Text>
      <Text size="xs" c="dimmed">{t("lab.compared.interval", { low, high })}</Text>
      <Whisker figure={mean} scale={scale} />
      {difference !== undefined && <Text size="xs" c="dimmed">Δ {t("lab.compared.difference", { value: apart[0], low: apart[1], high: apart[2] })}</Text>}
      {judged !== null && <Text size="xs" fw={600} c={VERDICT_COLOURS[judged]}>{t(`lab.compared.${judged}`)}</Text>}
    </>
  );
}

interface Scale {
  low: number;
  span: number;
}

/** From the lowest to the highest end of a row's intervals. */
function scaleOf(figures: readonly Interval[]): Scale {
  const ends = figures.flatMap(({ value, low, high }) => [value, low, high]).filter((end) => end !== null);
  const low = Math.min(...ends);
  return { low, span: Math.max(...ends) - low || 1 };
}

const [WIDTH, HEIGHT, EDGE] = [132, 10, 4];

/** Where a mean and its interval lie among those of the row; the words beside it say the same. */
function Whisker({ figure: { value, low, high }, scale }: { figure: Interval; scale: Scale }) {
  if (value === null) return null;
  const at = (end: number) => EDGE + ((end - scale.low) / scale.span) * (WIDTH - 2 * EDGE);
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true" style={{ display: "block", margin: "2px 0" }}>
      <line x1={0} x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} stroke="var(--line)" strokeWidth={2} />
      {low !== null && high !== null && <line x1={at(low)} x2={at(high)} y1={HEIGHT / 2} y2={HEIGHT / 2} stroke="var(--mantine-primary-color-filled)" strokeWidth={4} strokeLinecap="round" opacity={0.45} />}
      <circle cx={at(value)} cy={HEIGHT / 2} r={3.6} fill="var(--mantine-primary-color-filled)" />
    </svg>
  );
}
