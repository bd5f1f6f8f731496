/** Asks before a patient is erased: says what goes and what stays, and wants the number of the studies typed. */
import { Button, List, Text, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMe } from "@shared/accounts/api";
import { formatBytes } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";
import { Notice } from "@shared/ui/Chip";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Card } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";

import type { Erasure } from "@app/api/schemas.intake";
import { useErase, useErasurePlan } from "@app/features/intake/api/useErasure";

/** Only who may remove all data may erase a patient. */
export function EraseCard({ onAsk }: { onAsk: () => void }) {
  const { t } = useTranslation();
  if (useMe().data?.role !== "administrator") return null;
  return (
    <Card title={t("erase.card")} note={t("erase.note")}>
      <Button variant="light" color="red" leftSection={<IconTrash size={17} />} onClick={onAsk}>{t("erase.ask")}</Button>
    </Card>
  );
}

/** Lives outside of the study's own page, which goes while this may still have something to say. */
export function ErasePatient({ study, onClose, onErased }: { study: string | null; onClose: () => void; onErased: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const plan = useErasurePlan(study);
  const erase = useErase(() => { setTyped(""); onClose(); onErased(); });
  const close = () => { setTyped(""); erase.reset(); onClose(); };
  const found = plan.data;
  const ready = !erase.isError && found !== undefined && found.problem === null && typed.trim() === String(found.studies);
  return (
    <ConfirmDialog opened={study !== null} title={t("erase.title")} lead={t("erase.lead")} consequences={[]} confirm={t("erase.do")} busy={erase.isPending} disabled={!ready} error={erase.error}
      onClose={close} onConfirm={() => { if (study !== null && found !== undefined) erase.mutate({ id: study, studies: found.studies }); }}>
      {study !== null && !erase.isError && (
        <Resource query={plan} label={t("erase.loading")}>
          {(view) => (
            <>
              <Going plan={view} />
              {view.problem === null && <TextInput label={t("erase.confirm", { count: view.studies })} inputMode="numeric" autoComplete="off" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />}
            </>
          )}
        </Resource>
      )}
    </ConfirmDialog>
  );
}

function Going({ plan }: { plan: Erasure }) {
  const { t } = useTranslation();
  const some = ([key, count]: readonly [string, number]) => (count > 0 ? [t(`erase.${key}`, { count })] : []);
  const goes = [
    t("erase.studies", { count: plan.studies }),
    t("erase.files", { count: plan.files, size: formatBytes(plan.bytes) }),
    ...([["reconstructions", plan.reconstructions], ["results", plan.results], ["entries", plan.import_entries], ["imports", plan.imports]] as const).flatMap(some),
  ];
  const used = plan.sessions.map(({ title, updates }) => t("erase.used", { title, count: updates }));
  const stays = [...(used.length > 0 ? used : [t("erase.unused")]), ...["backups", "rounds", "signed", "again"].map((key) => t(`erase.${key}`))];
  const problem = plan.problem === null ? null : (translatedProblem(plan.problem.code) ?? plan.problem);
  return (
    <>
      <Lines lines={goes} />
      <Text size="sm">{t("erase.stays")}</Text>
      <Lines lines={stays} />
      {problem !== null && <Notice tone="warning" title={problem.title}>{problem.advice}</Notice>}
    </>
  );
}

function Lines({ lines }: { lines: readonly string[] }) {
  return <List size="sm" my="xs" spacing={4}>{lines.map((line) => <List.Item key={line}>{line}</List.Item>)}</List>;
}
