/** One study with its images. */
import { Anchor, Button, Grid } from "@mantine/core";
import { IconMapOff, IconSparkles } from "@tabler/icons-react";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import { useStudies } from "@app/features/studies/api/useStudies";
import { StudyChip } from "@app/features/studies/components/StudyChip";
import { StudyFacts } from "@app/features/studies/components/StudyFacts";
import { StudyImages } from "@app/features/studies/components/StudyImages";

export function StudyPage() {
  const { t } = useTranslation();
  const { studyId } = useParams({ from: "/data/$studyId" });
  const studies = useStudies();
  const back = <Anchor size="sm" renderRoot={(props) => <Link to="/data" {...props} />}>← {t("nav.data")}</Anchor>;
  return (
    <Resource query={studies} label={t("data.loading")}>
      {(list) => {
        const study = list.find(({ id }) => id === studyId);
        if (study === undefined) return <Page title={t("notFound.study")} back={back}><Empty icon={IconMapOff} title={t("notFound.what")}>{t("notFound.advice")}</Empty></Page>;
        return (
          <Page title={study.name} chip={<StudyChip state={study.state} />} back={back}
            actions={study.state === "usable" && <Button leftSection={<IconSparkles size={17} />} renderRoot={(props) => <Link to="/reconstruct" search={{ study: study.id }} {...props} />}>{t("study.reconstruct")}</Button>}>
            <Grid gap="md">
              <Grid.Col span={{ base: 12, md: 7, lg: 8 }}><StudyImages study={study} /></Grid.Col>
              <Grid.Col span={{ base: 12, md: 5, lg: 4 }}><StudyFacts study={study} /></Grid.Col>
            </Grid>
          </Page>
        );
      }}
    </Resource>
  );
}
