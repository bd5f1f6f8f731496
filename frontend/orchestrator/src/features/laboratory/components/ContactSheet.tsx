/** Every pictured study of a data set in small, with what is in it. */
import { SimpleGrid, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatFixed } from "@shared/format/format";
import { Loading, Problem } from "@shared/ui/states";

import type { DataSet, StudyRow } from "@app/api/laboratorySchemas";
import { usePicturedStudies } from "@app/features/laboratory/api/useLaboratory";

export function ContactSheet({ set }: { set: DataSet }) {
  const { t } = useTranslation();
  const studies = usePicturedStudies(set);
  if (set.facts === null) return <Text size="sm" c="dimmed">{t("lab.set.notYet")}</Text>;
  if (studies.isError) return <Problem error={studies.error} onRetry={() => void studies.refetch()} />;
  if (studies.data === undefined) return <Loading label={t("lab.set.sheetLoading")} />;
  return (
    <SimpleGrid component="ul" className="row-plain" cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="md">
      {studies.data.items.map((study) => <Tile key={study.file} set={set} study={study} />)}
    </SimpleGrid>
  );
}

function Tile({ set, study }: { set: DataSet; study: StudyRow }) {
  const { t } = useTranslation();
  const organs = Object.keys(study.lesions).map((organ) => t(`lab.organ.${organ}`, { defaultValue: organ }));
  const words = [
    study.infarcts.length === 0 ? t("lab.set.healthy") : t("lab.set.infarct", { count: study.infarcts.length }),
    ...(organs.length === 0 ? [] : [t("lab.set.hasLesions", { organs: organs.join(", ") })]),
    t("lab.set.million", { value: formatFixed(study.counts / 1e6, 2) }),
  ];
  return (
    <li style={{ minWidth: 0 }}>
      <img src={`/api/v1/laboratory/sets/${set.id}/pictures/${study.number}`} alt={t("lab.set.picture", { name: study.file })} loading="lazy" style={{ display: "block", width: "100%", borderRadius: 8, border: "1px solid var(--line)", imageRendering: "pixelated", background: "#fff" }} />
      <Text size="sm" fw={600} mt={4} style={{ overflowWrap: "anywhere" }}>{study.file}</Text>
      <Text size="xs" c="dimmed">{words.join(" · ")}</Text>
      {study.stands_out.length > 0 && <Text size="xs" c="dimmed">{t("lab.set.standsOut", { why: study.stands_out.join("; ") })}</Text>}
    </li>
  );
}
