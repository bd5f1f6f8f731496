/** Each image against the reference, where there is one. */
import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatAlike } from "@shared/format/format";
import { ScrollTable } from "@shared/ui/ScrollTable";

import type { Reconstruction } from "@app/api/schemas";

const ORDER = ["osem", "model"];

export function Scores({ metrics }: { metrics: Reconstruction["metrics"] }) {
  const { t } = useTranslation();
  const methods = Object.keys(metrics).sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
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
              {formatAlike(methods.map((name) => metrics[name]?.[key])).map((figure, index) => <Table.Td key={methods[index]} className="num">{figure}</Table.Td>)}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollTable>
  );
}
