/** All studies with their state, searched and filtered; the name leads to the images. */
import { Anchor, Group, SegmentedControl, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes, formatCount } from "@shared/format/format";
import { translatedNote } from "@shared/i18n/server";
import { LongTable } from "@shared/ui/LongTable";
import { Ago } from "@shared/ui/Time";

import type { Study } from "@app/api/schemas";
import { StudyChip } from "@app/features/studies/components/StudyChip";
import { kindOf, problemOf } from "@app/features/studies/words";

const COLUMNS = ["name", "state", "counts", "reference", "size", "added"] as const;
const STATES = ["all", "usable", "withdrawn", "unusable"] as const;
type Shown = (typeof STATES)[number];
const isShown = (value: string): value is Shown => STATES.some((known) => known === value);
const idOf = ({ id }: Study) => id;

/** Every word must occur in the name, the pseudonym, the kind or the acquisition. */
function fits(study: Study, kind: string, words: readonly string[]): boolean {
  const text = `${study.name} ${study.patient ?? ""} ${kind} ${translatedNote(study.geometry)}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

interface Quality {
  chip: ReactNode;
  /** Why the study may not train, in the present language. */
  cause: string | undefined;
}

/** `quality` is what the page shows beside a study's state, and below its name. */
export function StudyTable({ studies, quality }: { studies: readonly Study[]; quality: (study: Study) => Quality }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const [state, setState] = useState<Shown>("all");
  const rows = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter((word) => word !== "");
    return studies.filter((study) => (state === "all" || study.state === state) && fits(study, kindOf(study, t), words)).sort((a, b) => b.added_at.localeCompare(a.added_at));
  }, [studies, search, state, t]);
  return (
    <div className="card">
      <Stack gap="sm">
        <Group gap="sm" justify="space-between">
          <TextInput style={{ flex: "1 1 220px" }} aria-label={t("intake.search")} placeholder={t("intake.searchNote")} leftSection={<IconSearch size={16} />} value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
          <div style={{ overflowX: "auto", maxWidth: "100%" }}>
            <SegmentedControl size="xs" aria-label={t("intake.states")} value={state} onChange={(value) => { if (isShown(value)) setState(value); }} data={STATES.map((value) => ({ value, label: t(value === "all" ? "intake.all" : `data.${value}`) }))} />
          </div>
        </Group>
        <Text size="xs" c="dimmed" role="status">{rows.length === 0 ? t("intake.none") : t("intake.shown", { shown: formatCount(rows.length), of: formatCount(studies.length) })}</Text>
        <LongTable label={t("data.title")} columns={COLUMNS.length} rows={rows} rowKey={idOf} head={COLUMNS.map((name) => <Table.Th key={name} scope="col">{t(`data.${name}`)}</Table.Th>)}>
          {(study) => <Cells study={study} quality={quality(study)} />}
        </LongTable>
      </Stack>
    </div>
  );
}

function Cells({ study, quality: { chip, cause } }: { study: Study; quality: Quality }) {
  const { t } = useTranslation();
  const problem = cause ?? problemOf(study, t)?.text;
  return (
    <>
      <Table.Td maw={340} miw={190} style={{ overflowWrap: "anywhere" }}>
        <Anchor fw={600} size="sm" renderRoot={(props) => <Link to="/data/$studyId" params={{ studyId: study.id }} {...props} />}>{study.name}</Anchor>
        <Text size="xs" c="dimmed">{problem ?? (study.patient === null ? kindOf(study, t) : <>{kindOf(study, t)} · <span style={{ whiteSpace: "nowrap" }}>{study.patient}</span></>)}</Text>
        {study.warnings.slice(0, 2).map((warning) => <Text key={warning.text} size="xs" c="var(--tone-warning)"><IconAlertTriangle size={12} style={{ verticalAlign: -1 }} aria-hidden="true" /> {translatedNote(warning)}</Text>)}
      </Table.Td>
      <Table.Td><Stack gap={4} align="flex-start"><StudyChip state={study.state} />{chip}</Stack></Table.Td>
      <Table.Td className="num">{study.counts === null ? "–" : formatCount(Math.round(study.counts))}</Table.Td>
      <Table.Td>{study.has_reference ? <IconCheck size={17} aria-label={t("data.yes")} /> : <Text span size="sm" c="dimmed">{t("data.no")}</Text>}</Table.Td>
      <Table.Td className="num">{formatBytes(study.size_bytes)}</Table.Td>
      <Table.Td><Text size="sm" c="dimmed"><Ago at={study.added_at} /></Text></Table.Td>
    </>
  );
}
