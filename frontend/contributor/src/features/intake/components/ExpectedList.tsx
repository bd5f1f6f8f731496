/** Compares a list of patients with the studies here; the list is kept nowhere. */
import { FileButton, Group, SegmentedControl, Stack, Table, Text, Textarea } from "@mantine/core";
import { IconArchive, IconFileSpreadsheet, IconListCheck, IconUserPlus, type Icon } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatCount } from "@shared/format/format";
import { chooseAgain } from "@shared/forms/chooseAgain";
import { Chip, type Tone } from "@shared/ui/Chip";
import { LongTable } from "@shared/ui/LongTable";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Reconciliation } from "@app/api/schemas.intake";
import { useReconcile } from "@app/features/intake/api/usePatients";

interface Row {
  key: string;
  row: number | null;
  given: string;
  patient: string;
  studies: number;
  is: "available" | "missing" | "withdrawn" | "unlisted";
}

const TONES: Record<Row["is"], Tone> = { available: "success", missing: "warning", withdrawn: "neutral", unlisted: "info" };
const ICONS: Partial<Record<Row["is"], Icon>> = { withdrawn: IconArchive, unlisted: IconUserPlus };
const FILTERS = ["all", "missing", "available", "unlisted"] as const;
type Filter = (typeof FILTERS)[number];
const COLUMNS = ["row", "given", "pseudonym", "studies", "state"] as const;
const keyOf = ({ key }: Row) => key;
const isFilter = (value: string): value is Filter => FILTERS.some((known) => known === value);

export function ExpectedList() {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const compare = useReconcile();
  const read = (file: File | null) => { if (file !== null) void file.text().then((content) => { setText(content); compare.mutate(content); }); };
  return (
    <Stack gap="md">
      <Card title={t("expected.title")} note={t("expected.note")}>
        <form onSubmit={(event) => { event.preventDefault(); if (text.trim() !== "") compare.mutate(text); }}>
          <Textarea label={t("expected.paste")} autosize minRows={4} maxRows={10} value={text} spellCheck={false} autoComplete="off" onChange={(event) => setText(event.currentTarget.value)} />
          <Group justify="space-between" mt="sm" gap="xs">
            <FileButton accept=".csv,.txt,text/csv,text/plain" onChange={read} inputProps={{ ...chooseAgain, "aria-label": t("expected.file") }}>
              {(props) => <ActButton {...props} variant="default" leftSection={<IconFileSpreadsheet size={16} />}>{t("expected.choose")}</ActButton>}
            </FileButton>
            <ActButton type="submit" leftSection={<IconListCheck size={16} />} loading={compare.isPending} disabled={text.trim() === ""}>{t(compare.data === undefined ? "expected.compare" : "expected.again")}</ActButton>
          </Group>
        </form>
        {compare.isError && <div style={{ marginTop: 12 }}><Problem error={compare.error} /></div>}
      </Card>
      {compare.data !== undefined && <Compared found={compare.data} />}
    </Stack>
  );
}

function rowsOf(found: Reconciliation): Row[] {
  return [
    ...found.rows.map(({ row, given, patient, studies, state }) => ({ key: patient, row, given, patient, studies, is: state })),
    ...found.unlisted.map(({ patient, studies, names }) => ({ key: patient, row: null, given: names.join(", "), patient, studies, is: "unlisted" as const })),
  ];
}

function Compared({ found }: { found: Reconciliation }) {
  const { t } = useTranslation();
  const [filter, setFilter] = useState<Filter>("all");
  const rows = rowsOf(found);
  const count = (is: Row["is"]) => rows.filter((row) => row.is === is).length;
  const shown = rows.filter(({ is }) => filter === "all" || is === filter);
  return (
    <div className="card">
      <Group gap="xs" mb="sm" role="status">
        {(["available", "missing", "withdrawn", "unlisted"] as const).map((is) => (count(is) > 0 || is === "missing") && <Chip key={is} tone={TONES[is]} icon={ICONS[is]}>{t(`expected.${is}`, { count: count(is) })}</Chip>)}
      </Group>
      <Stack gap={2} mb="sm">
        {found.column !== "" && <Text size="sm" c="dimmed">{t("expected.column", { column: found.column })}</Text>}
        {found.repeated > 0 && <Text size="sm" c="dimmed">{t("expected.repeated", { count: found.repeated })}</Text>}
        {found.unmatched > 0 && <Text size="sm" c="dimmed">{t("expected.unmatched", { count: found.unmatched })}</Text>}
      </Stack>
      <div style={{ overflowX: "auto", marginBottom: 12 }}>
        <SegmentedControl size="xs" aria-label={t("expected.show")} value={filter} onChange={(value) => { if (isFilter(value)) setFilter(value); }} data={FILTERS.map((value) => ({ value, label: t(`expected.filter.${value}`) }))} />
      </div>
      <LongTable label={t("expected.table")} columns={COLUMNS.length} rows={shown} rowKey={keyOf} head={COLUMNS.map((name) => <Table.Th key={name} scope="col">{t(`expected.${name}`)}</Table.Th>)}>
        {(row) => (
          <>
            <Table.Td className="num">{row.row ?? "–"}</Table.Td>
            <Table.Td style={{ overflowWrap: "anywhere", maxWidth: 260 }}>{row.is === "unlisted" ? <Text size="sm" c="dimmed">{row.given}</Text> : row.given}</Table.Td>
            <Table.Td><span className="mono">{row.patient}</span></Table.Td>
            <Table.Td className="num">{formatCount(row.studies)}</Table.Td>
            <Table.Td><Chip tone={TONES[row.is]} icon={ICONS[row.is]}>{t(`expected.is.${row.is}`)}</Chip></Table.Td>
          </>
        )}
      </LongTable>
    </div>
  );
}
