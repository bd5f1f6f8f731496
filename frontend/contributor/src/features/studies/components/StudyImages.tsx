/** A study's projections, reference and attenuation. */
import { Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Card } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";
import { ProjectionViewer } from "@shared/viewer/ProjectionViewer";
import { VolumeViewer } from "@shared/viewer/VolumeViewer";
import type { Volume } from "@shared/viewer/volume";

import type { Study } from "@app/api/schemas";
import { useStudyArray } from "@app/features/studies/api/useStudies";

export function StudyImages({ study }: { study: Study }) {
  const { t } = useTranslation();
  return (
    <Card title={t("study.images")}>
      <Tabs defaultValue="projections" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="projections">{t("study.projections")}</Tabs.Tab>
          {study.has_reference && <Tabs.Tab value="reference">{t("study.reference")}</Tabs.Tab>}
          <Tabs.Tab value="attenuation">{t("study.attenuation")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="projections"><Projections id={study.id} /></Tabs.Panel>
        <Tabs.Panel value="reference"><Planes id={study.id} name="reference" /></Tabs.Panel>
        <Tabs.Panel value="attenuation"><Planes id={study.id} name="attenuation" /></Tabs.Panel>
      </Tabs>
    </Card>
  );
}

function Projections({ id }: { id: string }) {
  const { t } = useTranslation();
  const query = useStudyArray(id, "projections");
  return <Resource query={query} label={t("study.loadingImage")}>{(volume) => <ProjectionViewer projections={volume} />}</Resource>;
}

function Planes({ id, name }: { id: string; name: "reference" | "attenuation" }) {
  const { t } = useTranslation();
  const query = useStudyArray(id, name);
  return <Resource query={query} label={t("study.loadingImage")}>{(volume) => <OneVolume title={t(`study.${name}`)} volume={volume} grey={name === "attenuation"} />}</Resource>;
}

function OneVolume({ title, volume, grey }: { title: string; volume: Volume; grey: boolean }) {
  return <VolumeViewer volumes={[{ key: title, title, volume }]} initialMap={grey ? "grey" : "hot"} />;
}
