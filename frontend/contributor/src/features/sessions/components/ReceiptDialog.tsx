/** The receipt of one round: what left, tensor by tensor, where to and when; and what did not leave. */
import { List, Modal, Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatBytes, formatCount, formatDateTime, formatNumber } from "@shared/format/format";
import { Facts } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Resource } from "@shared/ui/states";
import { useLast } from "@shared/ui/useLast";

import type { SiteRound, SiteSession } from "@app/api/schemas";
import { useReceipt } from "@app/features/sessions/api/useSessions";

interface ReceiptDialogProps {
  session: SiteSession;
  round: SiteRound | null;
  onClose: () => void;
}

/** Always on the page, open or not: so the keyboard is led back to where it came from. */
export function ReceiptDialog({ session, round, onClose }: ReceiptDialogProps) {
  const { t } = useTranslation();
  const shown = useLast(round);
  return (
    <Modal opened={round !== null} onClose={onClose} size="xl" title={<Text fw={650} size="lg">{t("receipt.title", { round: shown?.round ?? "", title: session.title })}</Text>} closeButtonProps={{ "aria-label": t("rules.close") }}>
      {shown !== null && <Receipt session={session} round={shown} />}
    </Modal>
  );
}

function Receipt({ session, round }: { session: SiteSession; round: SiteRound }) {
  const { t } = useTranslation();
  const { sent } = round;
  return (
    <Stack gap="md">
      {sent === null ? <Text>{t("receipt.nothing")}</Text> : (
        <>
          <Text fw={620}>{t("receipt.left")}</Text>
          <Facts items={[
            [t("receipt.destination"), session.destination],
            [t("receipt.time"), formatDateTime(round.ended_at ?? round.started_at)],
            [t("receipt.size"), `${formatBytes(sent.bytes)} (${formatCount(sent.bytes)} B)`],
            [t("receipts.tensors"), sent.tensors],
            [t("receipts.norm"), formatNumber(sent.norm)],
            [t("receipt.examples"), sent.num_examples],
            ["SHA-256", <span key="hash" className="mono" style={{ overflowWrap: "anywhere" }}>{sent.sha256}</span>],
          ]} />
          <Tensors session={session} round={round} />
          <Text size="sm" c="dimmed">{t("receipt.beside")}</Text>
        </>
      )}
      <div>
        <Text fw={620} mb={4}>{t("receipt.stayed")}</Text>
        <List size="sm" spacing={2}>{(["images", "names", "studies", "list"] as const).map((what) => <List.Item key={what}>{t(`receipt.not.${what}`)}</List.Item>)}</List>
      </div>
    </Stack>
  );
}

function Tensors({ session, round }: { session: SiteSession; round: SiteRound }) {
  const { t } = useTranslation();
  const receipt = useReceipt(session.id, round.round);
  return (
    <Resource query={receipt} label={t("privacy.loading")}>
      {({ shapes }) => (
        <ScrollTable label={t("receipt.tensors")} maxHeight={240}>
          <Table aria-label={t("receipt.tensors")} verticalSpacing={4} stickyHeader>
            <Table.Thead><Table.Tr><Table.Th scope="col">{t("receipt.tensor")}</Table.Th><Table.Th scope="col">{t("receipt.shape")}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>{Object.entries(shapes).map(([name, shape]) => <Table.Tr key={name}><Table.Td className="mono">{name}</Table.Td><Table.Td className="mono">{shape.join(" × ") || "1"}</Table.Td></Table.Tr>)}</Table.Tbody>
          </Table>
        </ScrollTable>
      )}
    </Resource>
  );
}
