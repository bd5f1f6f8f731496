/** A study's projections, reference and attenuation. */
import { Stack, Switch, Tabs } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { Card } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";
import { bodyOutline } from "@shared/viewer/outline";
import { ProjectionViewer } from "@shared/viewer/ProjectionViewer";
import { VolumeViewer } from "@shared/viewer/VolumeViewer";
import type { Volume } from "@shared/viewer/volume";

import type { Study } from "@app/api/schemas";
import { useStudyArray } from "@app/features/studies/api/useStudies";

interface StudyImagesProps {
  study: Study;
  /** Of the views, where the study has an attenuation map to lay over them. */
  angles: readonly number[] | undefined;
}

export function StudyImages({ study, angles }: StudyImagesProps) {
  const { t } = useTranslation();
  return (
    <Card title={t("study.images")}>
      <Tabs defaultValue="projections" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="projections">{t("study.projections")}</Tabs.Tab>
          {study.has_reference && <Tabs.Tab value="reference">{t("study.reference")}</Tabs.Tab>}
          <Tabs.Tab value="attenuation">{t("study.attenuation")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="projections"><Projections id={study.id} angles={angles} /></Tabs.Panel>
        <Tabs.Panel value="reference"><Planes id={study.id} name="reference" /></Tabs.Panel>
        <Tabs.Panel value="attenuation"><Planes id={study.id} name="attenuation" /></Tabs.Panel>
      </Tabs>
    </Card>
  );
}

function Projections({ id, angles }: { id: string; angles: readonly number[] | undefined }) {
  const { t } = useTranslation();
  const query = useStudyArray(id, "projections");
  const [wanted, setWanted] = useState(false);
  return (
    <Resource query={query} label={t("study.loadingImage")}>
      {(volume) => (
        <Stack gap="md">
          {wanted && angles !== undefined ? <Outlined id={id} projections={volume} angles={angles} /> : <ProjectionViewer projections={volume} />}
          {angles !== undefined && <Switch label={t("detail.outline")} description={t("detail.outlineNote")} checked={wanted} onChange={(event) => setWanted(event.currentTarget.checked)} />}
        </Stack>
      )}
    </Resource>
  );
}

function Outlined({ id, projections, angles }: { id: string; projections: Volume; angles: readonly number[] }) {
  const { t } = useTranslation();
  const query = useStudyArray(id, "attenuation");
  const outline = useMemo(() => query.data && bodyOutline(query.data, projections, angles), [query.data, projections, angles]);
  return <Resource query={query} label={t("study.loadingImage")}>{() => <ProjectionViewer projections={projections} {...(outline && { outline })} />}</Resource>;
}

function Planes({ id, name }: { id: string; name: "reference" | "attenuation" }) {
  const { t } = useTranslation();
  const query = useStudyArray(id, name);
  return <Resource query={query} label={t("study.loadingImage")}>{(volume) => <OneVolume title={t(`study.${name}`)} volume={volume} grey={name === "attenuation"} />}</Resource>;
}

function OneVolume({ title, volume, grey }: { title: string; volume: Volume; grey: boolean }) {
  return <VolumeViewer volumes={[{ key: title, title, volume }]} initialMap={grey ? "grey" : "hot"} />;
}
