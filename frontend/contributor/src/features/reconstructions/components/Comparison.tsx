/** OSEM, model and reference side by side, with numbers where there is a reference. */
import { Loader, Table, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { formatDuration, formatNumber } from "@shared/format/format";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Chip, Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Loading, Problem } from "@shared/ui/states";
import { VolumeViewer, type NamedVolume } from "@shared/viewer/VolumeViewer";

import type { Reconstruction } from "@app/api/schemas";
import { useReconstructionArrays } from "@app/features/reconstructions/api/useReconstructions";

interface ComparisonProps {
  made: Reconstruction;
  study: string;
  model: string;
}

export function Comparison({ made, study, model }: ComparisonProps) {
  const { t } = useTranslation();
  return (
    <Card title={study} note={t("recon.by", { model })} aside={<Chip tone="warning">{t("recon.research")}</Chip>}>
      {made.state === "running" && <div role="status" style={{ display: "flex", gap: 12, alignItems: "center" }}><Loader size="sm" /><Text>{t("recon.running")}</Text></div>}
      {made.state === "failed" && <Notice live tone="danger" title={t("recon.failed")}>{made.problem}</Notice>}
      {made.state === "done" && <Done made={made} />}
    </Card>
  );
}

const SHOWN = ["osem", "model", "reference"] as const;

function Done({ made }: { made: Reconstruction }) {
  const { t } = useTranslation();
  const names = useMemo(() => SHOWN.filter((name) => made.arrays.includes(name)), [made.arrays]);
  const arrays = useReconstructionArrays(made.id, names);
  const broken = arrays.find((query) => query.isError);
  const loaded = arrays.map(({ data }) => data);
  const stamp = loaded.filter((volume) => volume !== undefined).length;
  const volumes = useMemo<NamedVolume[]>(
    () => names.flatMap((name, index) => {
      const volume = loaded[index];
      const seconds = made.seconds[name];
      return volume === undefined ? [] : [{ key: name, title: t(`recon.array.${name}`), volume, ...(seconds === undefined ? {} : { note: formatDuration(seconds) }) }];
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the loaded arrays never change; their number says when they came
    [names, stamp, made.seconds, t],
  );
  if (broken !== undefined) return <Problem error={broken.error} onRetry={() => void broken.refetch()} />;
  if (stamp < names.length) return <Loading label={t("recon.loadingImages")} />;
  return (
    <div style={{ display: "grid", gap: 20 }}>
      <VolumeViewer volumes={volumes} />
      <MetricsTable metrics={made.metrics} />
    </div>
  );
}

function MetricsTable({ metrics }: { metrics: Reconstruction["metrics"] }) {
  const { t } = useTranslation();
  const order = (name: string) => [...SHOWN, name].findIndex((known) => known === name);
  const methods = Object.keys(metrics).sort((a, b) => order(a) - order(b));
  const keys = [...new Set(Object.values(metrics).flatMap((values) => Object.keys(values)))];
  if (keys.length === 0) return <Text size="sm" c="dimmed">{t("recon.noReference")}</Text>;
  return (
    <ScrollTable label={t("recon.metrics")} fit>
      <Table aria-label={t("recon.metrics")} verticalSpacing={7}>
        <Table.Thead>
          <Table.Tr><Table.Th scope="col">{t("recon.measure")}</Table.Th>{methods.map((name) => <Table.Th key={name} scope="col">{t(`recon.array.${name}`, { defaultValue: name })}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((key) => (
            <Table.Tr key={key}>
              <Table.Th scope="row" style={{ fontWeight: 500 }}>{t(`metric.${key}`, { defaultValue: key })}</Table.Th>
              {methods.map((name) => <Table.Td key={name} className="num">{formatNumber(metrics[name]?.[key])}</Table.Td>)}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollTable>
  );
}
