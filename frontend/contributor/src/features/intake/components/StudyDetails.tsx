/** Whether a study may train and why not, how it was acquired, and what of its file was left behind. */
import { Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { formatCount, formatDuration, formatFixed, formatPlain } from "@shared/format/format";
import { translatedNote } from "@shared/i18n/server";
import { Notice } from "@shared/ui/Chip";
import { Card, Facts } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Resource } from "@shared/ui/states";

import type { StudyDetails as Details } from "@app/api/schemas.intake";
import { useStudyDetails } from "@app/features/intake/api/useStorage";

export function StudyDetails({ id, state }: { id: string; state: string }) {
  const { t } = useTranslation();
  const details = useStudyDetails(id, state);
  return (
    <Resource query={details} label={t("detail.loading")}>
      {(found) => (
        <Stack gap="md">
          <MayTrain found={found} />
          {found.geometry !== null && <Geometry geometry={found.geometry} notes={found.notes} />}
          <LeftBehind found={found} />
        </Stack>
      )}
    </Resource>
  );
}

function MayTrain({ found }: { found: Details }) {
  const { t } = useTranslation();
  const may = found.hindrances.length === 0;
  const lines = [...found.hindrances.map((code) => t(`detail.why.${code}`, { defaultValue: code })), ...found.remarks.map((code) => t(`detail.remark.${code}`, { defaultValue: code }))];
  return (
    <Notice tone={may ? "success" : "warning"} title={t(may ? "detail.may" : "detail.mayNot")}>
      {lines.length > 0 && <ul style={{ margin: "2px 0 0", paddingLeft: 18 }}>{lines.map((line) => <li key={line}>{line}</li>)}</ul>}
      {may && <span>{t("detail.trains")}</span>}
    </Notice>
  );
}

function Geometry({ geometry: one, notes }: { geometry: NonNullable<Details["geometry"]>; notes: Details["notes"] }) {
  const { t } = useTranslation();
  const [near, far] = [one.nearest_mm, one.farthest_mm].map((mm) => formatFixed(mm, 0));
  const [z = 0, y = 0, x = 0] = one.volume_shape;
  const size = [...new Set(one.voxel_mm.map((mm) => formatPlain(Number(mm.toFixed(2)))))].join(" × ");
  return (
    <Card title={t("detail.geometry")}>
      <Facts items={[
        [t("detail.arcName"), t("detail.arc", { views: one.views, arc: formatPlain(one.arc_deg), start: formatPlain(one.start_deg) })],
        [t("detail.radius"), near === far ? t("detail.radiusOne", { from: near }) : t("detail.radiusTwo", { from: near, to: far })],
        [t("detail.matrix"), t("detail.matrixValue", { bins: one.bins, rows: one.rows, bin: formatPlain(Number(one.bin_mm.toFixed(2))), row: formatPlain(Number(one.row_mm.toFixed(2))) })],
        [t("detail.time"), formatDuration(one.seconds_per_view)],
        [t("detail.collimator"), one.collimator],
        [t("detail.windows"), one.windows.map((window) => `${formatFixed(window.lower_kev, 1)}–${formatFixed(window.upper_kev, 1)} keV`).join(", ")],
        [t("detail.voxels"), t("detail.voxelsValue", { x, y, z, size })],
      ]} />
      <Notes notes={notes} />
    </Card>
  );
}

/** What the reader assumed of the scan, or did with it. */
function Notes({ notes }: { notes: Details["notes"] }) {
  const { t } = useTranslation();
  if (notes.length === 0) return null;
  return (
    <div style={{ marginTop: 12 }}>
      <Text size="sm" fw={600}>{t("detail.notes")}</Text>
      <ul style={{ margin: "2px 0 0", paddingLeft: 18, fontSize: 14 }}>{notes.map((note) => <li key={note.text}>{translatedNote(note)}</li>)}</ul>
    </div>
  );
}

function LeftBehind({ found }: { found: Details }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  const count = found.removed.reduce((sum, one) => sum + one.count, 0);
  return (
    <Card title={t("detail.removed")} note={t("detail.removedNote")}>
      <Stack gap="xs">
        <Text size="sm">{count === 0 ? t("detail.nothing") : t("detail.removedCount", { count })}</Text>
        {found.kept.length > 0 && <Text size="sm" c="dimmed">{t("detail.kept", { count: found.kept.length })}</Text>}
        <Text size="sm" c="dimmed">{t(`detail.from.${found.patient_from}`, { defaultValue: "" })}</Text>
        {count > 0 && <Button size="xs" variant="default" w="fit-content" aria-expanded={shown} onClick={() => setShown(!shown)}>{t(shown ? "detail.hideList" : "detail.list")}</Button>}
        {shown && <Elements removed={found.removed} />}
        {found.geometry === null && <Notes notes={found.notes} />}
      </Stack>
    </Card>
  );
}

function Elements({ removed }: { removed: Details["removed"] }) {
  const { t } = useTranslation();
  return (
    <ScrollTable label={t("detail.table")} maxHeight={300}>
      <ul aria-label={t("detail.table")} style={{ margin: 0, padding: 0, listStyle: "none", fontSize: 14 }}>
        {removed.map((one) => (
          <li key={`${one.name} ${one.category}`} style={{ padding: "4px 0", borderTop: "1px solid var(--line)" }}>
            <span style={{ overflowWrap: "anywhere" }}>{one.name}</span>
            <Text size="xs" c="dimmed">{t("detail.categoryTimes", { category: t(`detail.categories.${one.category}`, { defaultValue: one.category }), times: formatCount(one.count) })}</Text>
          </li>
        ))}
      </ul>
    </ScrollTable>
  );
}
