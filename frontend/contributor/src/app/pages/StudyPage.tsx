/** One study with its images. */
import { Anchor, Button, Grid, Stack } from "@mantine/core";
import { IconMapOff, IconSparkles } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useWhole } from "@shared/realtime/useLiveList";
import { Page } from "@shared/ui/Page";
import { Empty, Loading, Resource } from "@shared/ui/states";

import type { Study } from "@app/api/schemas";
import { useStudyDetails } from "@app/features/intake/api/useStorage";
import { EraseCard, ErasePatient } from "@app/features/intake/components/ErasePatient";
import { StudyDetails } from "@app/features/intake/components/StudyDetails";
import { QualityCard } from "@app/features/quality/components/QualityCard";
import { useStudies } from "@app/features/studies/api/useStudies";
import { StudyChip } from "@app/features/studies/components/StudyChip";
import { StudyFacts } from "@app/features/studies/components/StudyFacts";
import { StudyImages } from "@app/features/studies/components/StudyImages";

export function StudyPage() {
  const { t } = useTranslation();
  const { studyId } = useParams({ from: "/data/$studyId" });
  const studies = useStudies();
  const whole = useWhole(studies);
  const navigate = useNavigate();
  const [erasing, setErasing] = useState<string | null>(null);
  const back = <Anchor size="sm" renderRoot={(props) => <Link to="/data" {...props} />}>← {t("nav.data")}</Anchor>;
  return (
    <>
      <Resource query={studies} label={t("data.loading")}>
        {(list) => {
          const study = list.find(({ id }) => id === studyId);
          if (study === undefined && !whole) return <Loading label={t("data.loading")} />;
          if (study === undefined) return <Page title={t("notFound.study")} back={back}><Empty icon={IconMapOff} title={t("notFound.what")}>{t("notFound.advice")}</Empty></Page>;
          return (
            <Page title={study.name} chip={<StudyChip state={study.state} />} back={back}
              actions={study.state === "usable" && <Button leftSection={<IconSparkles size={17} />} renderRoot={(props) => <Link to="/reconstruct" search={{ study: study.id }} {...props} />}>{t("study.reconstruct")}</Button>}>
              <Grid gap="md">
                <Grid.Col span={{ base: 12, md: 7, lg: 8 }}><Stack gap="md"><StudyWithOutline study={study} /><QualityCard studyId={study.id} /></Stack></Grid.Col>
                <Grid.Col span={{ base: 12, md: 5, lg: 4 }}><Stack gap="md"><StudyDetails id={study.id} state={study.state} /><StudyFacts study={study} /><EraseCard onAsk={() => setErasing(study.id)} /></Stack></Grid.Col>
              </Grid>
            </Page>
          );
        }}
      </Resource>
      <ErasePatient study={erasing} onClose={() => setErasing(null)} onErased={() => { void navigate({ to: "/data" }); }} />
    </>
  );
}

/** The images know the angles of the views only from the study's details. */
function StudyWithOutline({ study }: { study: Study }) {
  const details = useStudyDetails(study.id, study.state).data;
  return <StudyImages study={study} angles={details?.has_attenuation === true ? details.geometry?.angles_rad : undefined} />;
}
