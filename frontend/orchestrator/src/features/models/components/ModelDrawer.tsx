/** A model's card: what it is, where it comes from, how good it is; rename, download, delete. */
import { Accordion, Anchor, Button, Drawer, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconArrowsLeftRight, IconBinaryTree2, IconDownload, IconFileText, IconSparkles, IconStar, IconStarOff, IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatBytes, formatCount, formatDateTime, formatNumber } from "@shared/format/format";
import { saveText } from "@shared/format/save";
import { useNetworkName } from "@shared/i18n/useNetworkName";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Lineage } from "@shared/ui/Lineage";
import { ModelCard } from "@shared/ui/ModelCard";
import { Facts } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";
import { z } from "@shared/zod";

import type { Model } from "@app/api/schemas";
import { metricName } from "@app/features/models/components/metricName";
import { useDeleteModel, useRecommendModel, useRenameModel, useWholeModel } from "@app/features/models/api/useModels";

interface ModelDrawerProps {
  model: Model | undefined;
  models: readonly Model[];
  titles: Readonly<Record<string, string>>;
  onOpen: (id: string) => void;
  onClose: () => void;
}

export function ModelDrawer(props: ModelDrawerProps) {
  const { t } = useTranslation();
  const { model, onClose } = props;
  return (
    <Drawer opened={model !== undefined} onClose={onClose} size="lg" title={<Text fw={650} size="lg">{model?.name}</Text>} closeButtonProps={{ "aria-label": t("models.close") }}>
      {model !== undefined && <Details key={model.id} {...props} model={model} />}
    </Drawer>
  );
}

/** From the first ancestor to this version. */
function ancestry(model: Model, models: readonly Model[]): Model[] {
  const line = [model];
  let [parent] = model.parents;
  while (parent !== undefined && line.length < 1000) {
    const known = models.find(({ id }) => id === parent);
    if (known === undefined || line.includes(known)) break;
    line.unshift(known);
    [parent] = known.parents;
  }
  return line;
}

function saveCard(model: Pick<Model, "sha256" | "card">): void {
  saveText(`${model.sha256.slice(0, 12)}.json`, JSON.stringify(model.card, null, 2));
}

const cardSchema = z.object({
  terms: z.string().default(""),
  training: z.object({
    rounds: z.number().optional(), sites: z.number().optional(), examples: z.number().optional(), strategy: z.object({ name: z.string() }).optional(),
    privacy: z.object({ max_update_norm: z.number().nullable() }).optional(),
  }).default({}),
});

type Translate = (key: string, options?: Record<string, unknown>) => string;

/** What the card says of the training in words; what it does not say is not shown. */
function trainedHow(model: Model, t: Translate): [string, ReactNode][] {
  const card = cardSchema.safeParse(model.card).data;
  const training = card?.training ?? {};
  const rows: [string, ReactNode][] = [];
  if (model.session_id !== null) rows.push([t("modelcard.session"), <Anchor key="s" size="sm" renderRoot={(props) => <Link to="/training/$sessionId" params={{ sessionId: model.session_id ?? "" }} {...props} />}>{t("modelcard.openSession")}</Anchor>]);
  if (model.round !== null && training.rounds !== undefined) rows.push([t("modelcard.rounds"), t("session.roundOf", { round: model.round, of: training.rounds })]);
  if (training.strategy !== undefined) rows.push([t("modelcard.strategy"), t(`strategy.${training.strategy.name}`, { defaultValue: training.strategy.name })]);
  if (training.sites !== undefined) rows.push([t("modelcard.sites"), training.sites]);
  if (training.examples !== undefined) rows.push([t("modelcard.examples"), training.examples]);
  if (training.privacy !== undefined) rows.push([t("modelcard.privacy"), t("modelcard.privacyValue", { norm: formatNumber(training.privacy.max_update_norm) })]);
  if (card !== undefined && card.terms !== "") rows.push([t("modelcard.terms"), <span key="t" style={{ whiteSpace: "pre-wrap" }}>{card.terms}</span>]);
  return rows;
}

function Details({ model, models, titles, onOpen, onClose }: ModelDrawerProps & { model: Model }) {
  const { t } = useTranslation();
  const networkName = useNetworkName();
  const [deleting, setDeleting] = useState(false);
  const remove = useDeleteModel();
  const recommend = useRecommendModel();
  const whole = useWholeModel();
  // Not a callback of mutate: this part leaves the page with the model, and a restored model must not open by itself.
  const confirmed = () => void remove.mutateAsync(model.id).then(onClose, () => undefined);
  const children = models.filter((known) => known.parents.includes(model.id));
  return (
    <Stack gap="lg">
      <Group gap="xs">
        <Button component="a" href={`/api/v1/models/${model.id}/weights`} download leftSection={<IconDownload size={17} />}>{t("models.download")}</Button>
        <Button variant="default" leftSection={<IconFileText size={17} />} loading={whole.isPending} onClick={() => whole.mutate(model.id, { onSuccess: saveCard })}>{t("models.downloadCard")}</Button>
        {model.task === "spect-reconstruction" && <Button variant="default" leftSection={<IconSparkles size={17} />} renderRoot={(props) => <Link to="/laboratory/try" search={{ model: model.id }} {...props} />}>{t("models.tryIt")}</Button>}
        <Button variant="default" leftSection={<IconBinaryTree2 size={17} />} renderRoot={(props) => <Link to="/models/lineage" search={{ model: model.id }} {...props} />}>{t("family.open")}</Button>
        <Button variant="default" leftSection={<IconArrowsLeftRight size={17} />} renderRoot={(props) => <Link to="/models/compare" search={{ first: model.id }} {...props} />}>{t("pair.open")}</Button>
        <ActButton variant="default" leftSection={model.recommended ? <IconStarOff size={17} /> : <IconStar size={17} />} loading={recommend.isPending} onClick={() => recommend.mutate({ id: model.id, recommended: !model.recommended })}>
          {t(model.recommended ? "models.recommendNot" : "models.recommend")}
        </ActButton>
        <ActButton color="red" variant="light" leftSection={<IconTrash size={17} />} disabled={model.in_use} onClick={() => setDeleting(true)}>{t("models.delete")}</ActButton>
      </Group>
      {whole.isError && <Problem error={whole.error} />}
      {recommend.isError && <Problem error={recommend.error} />}
      {model.in_use && <Text size="sm" c="dimmed">{t("models.inUseNote")}</Text>}
      <Facts items={[
        [t("models.task"), t(`task.${model.task}`, { defaultValue: model.task })],
        [t("models.network"), networkName(model.network)],
        [t("models.parameters"), formatCount(model.parameters)],
        [t("models.size"), formatBytes(model.size_bytes)],
        [t("models.hash"), <span key="h" className="mono">{model.sha256}</span>],
        [t("models.created"), formatDateTime(model.created_at)],
        ...Object.entries(model.metrics).map(([key, value]) => [metricName(key, titles, t), formatNumber(value)] as const),
      ]} />
      {trainedHow(model, t).length > 0 && <Facts items={trainedHow(model, t)} />}
      <Lineage title={t("models.lineage")} current={model.id} steps={ancestry(model, models)} onOpen={onOpen} />
      <RenameModel model={model} />
      <Accordion variant="default" chevronPosition="left">
        <Accordion.Item value="card">
          <Accordion.Control>{t("models.card")}</Accordion.Control>
          <Accordion.Panel><ModelCard title={t("models.card")} card={model.card} /></Accordion.Panel>
        </Accordion.Item>
      </Accordion>
      <ConfirmDialog opened={deleting} title={t("models.deleteTitle", { name: model.name })} lead={t("models.deleteLead")}
        consequences={[t("models.deleteOne"), children.length === 0 ? t("models.deleteNoChild") : t("models.deleteChildren", { count: children.length }), t("models.deleteThree")]}
        confirm={t("models.deleteConfirm")} busy={remove.isPending} error={remove.error} onClose={() => setDeleting(false)} onConfirm={confirmed} />
    </Stack>
  );
}

function RenameModel({ model }: { model: Model }) {
  const { t } = useTranslation();
  const [name, setName] = useState(model.name);
  const rename = useRenameModel();
  const fit = name.trim() !== "" && name.trim() !== model.name;
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (fit) rename.mutate({ id: model.id, name: name.trim() }); }}>
      <Group align="flex-end" gap="xs">
        <TextInput style={{ flex: 1 }} label={t("models.newName")} description={t("models.renameNote")} maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <ActButton type="submit" variant="default" disabled={!fit} loading={rename.isPending}>{t("models.rename")}</ActButton>
      </Group>
      {rename.isError && <Problem error={rename.error} />}
    </form>
  );
}
