/** One reconstruction: whether the study is familiar, the images side by side, polar maps, numbers. */
import { Button, Group, Menu, Progress, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { formatDuration } from "@shared/format/format";
import { Chip, Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Loading, Problem } from "@shared/ui/states";
import { VolumeViewer, type NamedVolume } from "@shared/viewer/VolumeViewer";
import { differenceOf } from "@shared/viewer/volume";

import type { Reconstruction } from "@app/api/schemas";
import { useReconstructionArrays, useReconstructionDetails } from "@app/features/reconstructions/api/useReconstructions";
import { Familiar } from "@app/features/reconstructions/components/Familiar";
import { HeartAxisForm, type Voxel } from "@app/features/reconstructions/components/HeartAxisForm";
import { PolarMaps } from "@app/features/reconstructions/components/PolarMaps";
import { RemoveReconstruction } from "@app/features/reconstructions/components/RemoveReconstruction";
import { Scores } from "@app/features/reconstructions/components/Scores";
import { Why } from "@app/features/reconstructions/components/Why";

interface ComparisonProps {
  made: Reconstruction;
  study: string;
  model: string;
}

export function Comparison({ made, study, model }: ComparisonProps) {
  const { t } = useTranslation();
  if (made.state === "done") return <Done made={made} study={study} model={model} />;
  return (
    <Card title={study} note={t("recon.by", { model })} aside={<Chip tone="warning">{t("recon.research")}</Chip>}>
      {made.state === "running" && (
        <div role="status">
          <Text size="sm" mb={8}>{t("recon.running")}. <Text span c="dimmed" size="sm">{t("recon.runningNote")}</Text></Text>
          <Progress value={100 * Math.max(0.02, made.progress)} animated aria-label={t("recon.running")} />
        </div>
      )}
      {made.state === "failed" && <Notice live tone="danger" title={t("recon.failed")} action={<RemoveReconstruction id={made.id} study={study} model={model} />}>{made.problem !== null && <Why problem={made.problem} />}</Notice>}
    </Card>
  );
}

const SHOWN = ["osem", "model", "reference", "half_width"] as const;

function Done({ made, study, model }: ComparisonProps) {
  const { t } = useTranslation();
  const details = useReconstructionDetails(made.id);
  const [voxel, setVoxel] = useState<Voxel | null>(null);
  return (
    <Stack gap="md">
      {details.data !== undefined && <Familiar details={details.data} />}
      <Card title={study} note={t("recon.by", { model })} aside={<Group gap="xs"><Chip tone="warning">{t("recon.research")}</Chip><TakeAlong made={made} /><RemoveReconstruction id={made.id} study={study} model={model} /></Group>}>
        <Images made={made} name={`${study} ${model}`} onVoxel={setVoxel} />
      </Card>
      {details.isPending && <Loading label={t("recon.loadingImages")} />}
      {details.isError && <Problem error={details.error} onRetry={() => void details.refetch()} />}
      {details.data !== undefined && <PolarMaps details={details.data} axis={<HeartAxisForm id={made.id} axis={details.data.axis} voxel={voxel} />} />}
      <Card title={t("recon.metrics")}><Scores metrics={made.metrics} /></Card>
    </Stack>
  );
}

function Images({ made, name, onVoxel }: { made: Reconstruction; name: string; onVoxel: (voxel: Voxel) => void }) {
  const { t } = useTranslation();
  const names = useMemo(() => SHOWN.filter((one) => made.arrays.includes(one)), [made.arrays]);
  const arrays = useReconstructionArrays(made.id, names);
  const broken = arrays.find((query) => query.isError);
  const loaded = new Map(names.map((one, index) => [one, arrays[index]?.data]));
  const there = arrays.filter(({ data }) => data !== undefined).length;
  const volumes = useMemo<NamedVolume[]>(() => {
    const [osem, model, reference] = [loaded.get("osem"), loaded.get("model"), loaded.get("reference")];
    const shown: NamedVolume[] = [];
    const note = (key: string) => (made.seconds[key] === undefined ? {} : { note: formatDuration(made.seconds[key]) });
    if (osem !== undefined) shown.push({ key: "osem", title: t("recon.array.osem"), volume: osem, ...note("osem") });
    if (model !== undefined) shown.push({ key: "model", title: t("recon.array.model"), volume: model, halfWidth: loaded.get("half_width"), ...note("model") });
    const difference = model !== undefined && osem !== undefined ? differenceOf(model, osem) : null;
    if (difference !== null) shown.push({ key: "difference", title: t("recon.array.difference"), note: t("recon.differenceNote"), volume: difference, difference: true });
    if (reference !== undefined) shown.push({ key: "reference", title: t("recon.array.reference"), volume: reference });
    return shown;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the loaded arrays never change; their number says when they came
  }, [there, names, made.seconds, t]);
  if (broken !== undefined) return <Problem error={broken.error} onRetry={() => void broken.refetch()} />;
  if (there < names.length) return <Loading label={t("recon.loadingImages")} />;
  return <VolumeViewer volumes={volumes} pictureName={name} onVoxel={([z, y, x]) => onVoxel({ z, y, x })} />;
}

const FORMS = [["dcm", "DICOM"], ["nii", "NIfTI"], ["h5", "HDF5"]] as const;

function TakeAlong({ made }: { made: Reconstruction }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end">
      <Menu.Target><Button variant="default" size="xs" leftSection={<IconDownload size={15} />}>{t("recon.takeAlong")}</Button></Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("recon.research")}</Menu.Label>
        {(["model", "osem"] as const).filter((name) => made.arrays.includes(name)).flatMap((name) => FORMS.map(([form, word]) => (
          <Menu.Item key={`${name}-${form}`} component="a" download href={`/api/v1/reconstructions/${made.id}/export/${name}/${form}`}>{t("recon.exportOf", { what: t(`recon.array.${name}`), form: word })}</Menu.Item>
        )))}
      </Menu.Dropdown>
    </Menu>
  );
}
