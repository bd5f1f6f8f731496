/** The hold-out case by case, with the images of the chosen one. */
import { Button, Group, Select, Table, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "@shared/format/format";
import { Card } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Loading, Problem } from "@shared/ui/states";
import { VolumeViewer, type NamedVolume } from "@shared/viewer/VolumeViewer";

import type { OwnCase, OwnFindings } from "@app/api/schemas.results";
import { useCaseImages } from "@app/features/results/api/useOwnResults";

const METHODS = ["osem", "local", "federated"] as const;
const SHOWN = ["osem", "local", "federated", "reference"] as const;

export function Cases({ id, findings }: { id: string; findings: OwnFindings }) {
  const { t } = useTranslation();
  const keys = findings.metrics.map(({ key }) => key);
  const [key, setKey] = useState<string | null>(keys[0] ?? null);
  const [chosen, setChosen] = useState(0);
  const open = findings.cases[chosen];
  return (
    <Card title={t("own.cases")} note={t("own.casesNote")}>
      <Select mb="sm" maw={340} label={t("own.metric")} allowDeselect={false} value={key} onChange={setKey} data={keys.map((value) => ({ value, label: t(`metric.${value}`, { defaultValue: value }) }))} />
      <ScrollTable label={t("own.cases")}>
        <Table aria-label={t("own.cases")} verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("own.case")}</Table.Th>
              {METHODS.map((method) => <Table.Th key={method} scope="col">{t(`own.method.${method}`)}</Table.Th>)}
              <Table.Th scope="col"><span className="visually-hidden">{t("own.look_short")}</span></Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {findings.cases.map((one, index) => (
              <Table.Tr key={one.name} aria-selected={index === chosen}>
                <Table.Th scope="row" style={{ fontWeight: 500 }}>{one.name} <Text span size="xs" c="dimmed">{t("own.patient", { patient: one.patient })}</Text></Table.Th>
                {METHODS.map((method) => <Table.Td key={method} className="num">{key === null ? "–" : formatNumber(one.scores[method]?.[key])}</Table.Td>)}
                <Table.Td><Group justify="flex-end"><Button size="xs" variant={index === chosen ? "light" : "default"} aria-pressed={index === chosen} aria-label={t("own.look", { name: one.name })} onClick={() => setChosen(index)}>{t("own.look_short")}</Button></Group></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollTable>
      {open !== undefined && (
        <section aria-label={t("own.caseImages", { name: open.name })} style={{ marginTop: 18 }}>
          <Text fw={650} mb={6}>{t("own.caseImages", { name: open.name })}</Text>
          {open.arrays.length === 0 ? <Text size="sm" c="dimmed">{t("own.noImages")}</Text> : <Images key={chosen} id={id} number={chosen} one={open} />}
        </section>
      )}
    </Card>
  );
}

function Images({ id, number, one }: { id: string; number: number; one: OwnCase }) {
  const { t } = useTranslation();
  const names = useMemo(() => SHOWN.filter((name) => one.arrays.includes(name)), [one.arrays]);
  const arrays = useCaseImages(id, number, names);
  const broken = arrays.find((query) => query.isError);
  const there = arrays.filter(({ data }) => data !== undefined).length;
  const volumes = useMemo<NamedVolume[]>(
    () => names.flatMap((name, index) => {
      const volume = arrays[index]?.data;
      return volume === undefined ? [] : [{ key: name, title: t(`own.method.${name}`), volume }];
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the loaded arrays never change; their number says when they came
    [names, there, t],
  );
  if (broken !== undefined) return <Problem error={broken.error} onRetry={() => void broken.refetch()} />;
  if (there < names.length) return <Loading label={t("recon.loadingImages")} />;
  return <VolumeViewer volumes={volumes} pictureName={one.name} />;
}
