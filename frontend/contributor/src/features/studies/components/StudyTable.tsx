/** All studies with their state; the name leads to the images. */
import { Anchor, Table, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { formatBytes, formatCount } from "@shared/format/format";
import { Ago } from "@shared/ui/Time";

import type { Study } from "@app/api/schemas";
import { StudyChip } from "@app/features/studies/components/StudyChip";

export function StudyTable({ studies }: { studies: readonly Study[] }) {
  const { t } = useTranslation();
  const rows = [...studies].sort((a, b) => b.added_at.localeCompare(a.added_at));
  return (
    <div className="card">
      <div className="table-wrap">
        <Table aria-label={t("data.title")} verticalSpacing={9} highlightOnHover>
          <Table.Thead>
            <Table.Tr>{(["name", "state", "counts", "reference", "size", "added"] as const).map((name) => <Table.Th key={name} scope="col">{t(`data.${name}`)}</Table.Th>)}</Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((study) => (
              <Table.Tr key={study.id}>
                <Table.Td maw={340}>
                  <Anchor fw={600} size="sm" renderRoot={(props) => <Link to="/data/$studyId" params={{ studyId: study.id }} {...props} />}>{study.name}</Anchor>
                  <Text size="xs" c="dimmed">{study.problem !== "" ? study.problem : study.kind}</Text>
                  {study.warnings.map((warning) => <Text key={warning} size="xs" c="var(--tone-warning)"><IconAlertTriangle size={12} style={{ verticalAlign: -1 }} aria-hidden="true" /> {warning}</Text>)}
                </Table.Td>
                <Table.Td><StudyChip state={study.state} /></Table.Td>
                <Table.Td className="num">{study.counts === null ? "–" : formatCount(Math.round(study.counts))}</Table.Td>
                <Table.Td>{study.has_reference ? <IconCheck size={17} aria-label={t("data.yes")} /> : <Text span size="sm" c="dimmed">{t("data.no")}</Text>}</Table.Td>
                <Table.Td className="num">{formatBytes(study.size_bytes)}</Table.Td>
                <Table.Td><Text size="sm" c="dimmed"><Ago at={study.added_at} /></Text></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </div>
  );
}
