/** The projections of a study, shown on request: they are many bytes. */
import { Button } from "@mantine/core";
import { IconMovie } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Resource } from "@shared/ui/states";
import { ProjectionViewer } from "@shared/viewer/ProjectionViewer";

import { useStudyArray } from "@app/features/studies/api/useStudies";

export function Film({ study }: { study: string }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" size="xs" leftSection={<IconMovie size={15} />} aria-expanded={open} onClick={() => setOpen(!open)}>{t(open ? "recon.hideFilm" : "recon.showFilm")}</Button>
      {open && <div style={{ marginTop: 14 }}><Projections study={study} /></div>}
    </>
  );
}

function Projections({ study }: { study: string }) {
  const { t } = useTranslation();
  const query = useStudyArray(study, "projections");
  return <Resource query={query} label={t("study.loadingImage")}>{(volume) => <ProjectionViewer projections={volume} />}</Resource>;
}
