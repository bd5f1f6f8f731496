/** What trying a model gave: images side by side, scores, files to take along. */
import { Button, Group, Menu, Stack, Table, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { asSentence, formatAlike, formatDuration } from "@shared/format/format";
import { translatedAlarm, translatedNote } from "@shared/i18n/server";
import { Chip, Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Loading, Problem } from "@shared/ui/states";
import { VolumeViewer, type NamedVolume } from "@shared/viewer/VolumeViewer";
import { z } from "@shared/zod";

import type { Job, Tried as Found } from "@app/api/laboratorySchemas";
import { useTriedImages } from "@app/features/laboratory/api/useLaboratory";

const alarmSchema = z.object({ level: z.string(), code: z.string().default(""), sentence: z.string().default(""), remedy: z.string().default("") });
const SHOWN = ["osem", "model", "reference"] as const;
const FORMS = [["dcm", "DICOM"], ["h5", "HDF5"], ["nii", "NIfTI"]] as const;

export function Tried({ job, found }: { job: Job; found: Found }) {
  const { t } = useTranslation();
  const names = useMemo(() => SHOWN.filter((name) => found.arrays.includes(name)), [found.arrays]);
  const images = useTriedImages(job, names);
  const broken = images.find((query) => query.isError);
  const loaded = images.map(({ data }) => data);
  const there = loaded.filter((volume) => volume !== undefined).length;
  const volumes = useMemo<NamedVolume[]>(
    () => names.flatMap((name, index) => {
      const volume = loaded[index];
      const seconds = found.seconds[name];
      return volume === undefined ? [] : [{ key: name, title: t(`lab.tried.array.${name}`), volume, ...(seconds === undefined ? {} : { note: formatDuration(seconds) }) }];
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the loaded images never change; their number says when they came
    [names, there, found.seconds, t],
  );
  return (
    <Stack gap="md">
      <AlarmNotice alarm={found.alarm} />
      <Card title={t("lab.tried.title")} aside={<Group gap="xs"><Chip tone="warning">{t("lab.tried.research")}</Chip><Exports job={job} names={names} /></Group>}>
        {broken !== undefined && <Problem error={broken.error} onRetry={() => void broken.refetch()} />}
        {broken === undefined && there < names.length && <Loading label={t("lab.tried.loading")} />}
        {there === names.length && <VolumeViewer volumes={volumes} pictureName={job.title} />}
      </Card>
      <Card title={t("lab.tried.metrics")}><Scores metrics={found.metrics} /></Card>
      {found.notes.length > 0 && <Card title={t("lab.tried.notes")}>{found.notes.map((note) => <Text key={note.text} size="sm">{asSentence(translatedNote(note))}</Text>)}</Card>}
    </Stack>
  );
}

function AlarmNotice({ alarm }: { alarm: Found["alarm"] }) {
  const { t } = useTranslation();
  const found = alarmSchema.safeParse(alarm).data;
  if (found === undefined || found.level === "ok") return null;
  const { sentence, remedy } = translatedAlarm(found);
  return <Notice tone="warning" title={t("lab.tried.alarm")}>{sentence} {remedy}</Notice>;
}

function Exports({ job, names }: { job: Job; names: readonly (typeof SHOWN)[number][] }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end">
      <Menu.Target><Button variant="default" leftSection={<IconDownload size={17} />}>{t("lab.tried.export")}</Button></Menu.Target>
      <Menu.Dropdown>
        {names.filter((name) => name !== "reference").flatMap((name) => FORMS.map(([form, word]) => (
          <Menu.Item key={`${name}-${form}`} component="a" download href={`/api/v1/laboratory/jobs/${job.id}/export/${name}/${form}`}>{t("lab.tried.exportOf", { what: t(`lab.tried.array.${name}`), form: word })}</Menu.Item>
        )))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Scores({ metrics }: { metrics: Found["metrics"] }) {
  const { t } = useTranslation();
  const methods = SHOWN.filter((name) => metrics[name] !== undefined);
  const keys = [...new Set(Object.values(metrics).flatMap((scores) => Object.keys(scores)))];
  if (keys.length === 0) return <Text size="sm" c="dimmed">{t("lab.tried.noReference")}</Text>;
  return (
    <ScrollTable label={t("lab.tried.metrics")} fit>
      <Table aria-label={t("lab.tried.metrics")} verticalSpacing={7}>
        <Table.Thead>
          <Table.Tr><Table.Th scope="col">{t("lab.tried.measure")}</Table.Th>{methods.map((name) => <Table.Th key={name} scope="col">{t(`lab.tried.array.${name}`)}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((key) => (
            <Table.Tr key={key}>
              <Table.Th scope="row" style={{ fontWeight: 500 }}>{t(`lab.metric.${key}`, { defaultValue: key })}</Table.Th>
              {formatAlike(methods.map((name) => metrics[name]?.[key])).map((figure, index) => <Table.Td key={methods[index]} className="num">{figure}</Table.Td>)}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollTable>
  );
}
