/** Every patient under its pseudonym: how many studies, in use or withdrawn, and changing that. */
import { Stack, Table, Text, TextInput } from "@mantine/core";
import { IconArchive, IconRestore, IconSearch, IconUsers } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatCount, formatDateTime } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { LongTable } from "@shared/ui/LongTable";
import { Empty, Problem, Resource } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

import type { Patient } from "@app/api/schemas.intake";
import { usePatients, useRestorePatient } from "@app/features/intake/api/usePatients";
import { WithdrawPatient } from "@app/features/intake/components/WithdrawPatient";

const COLUMNS = ["patient", "studies", "usable", "newest", "state", "action"] as const;
const keyOf = ({ patient }: Patient) => patient;

export function PatientTable({ stamp }: { stamp: string }) {
  const { t } = useTranslation();
  const patients = usePatients(stamp);
  const [search, setSearch] = useState("");
  const [asking, setAsking] = useState<Patient | null>(null);
  const restore = useRestorePatient();
  return (
    <Resource query={patients} label={t("patients.loading")}>
      {(list) => {
        if (list.length === 0) return <Empty icon={IconUsers} title={t("patients.emptyTitle")}>{t("patients.empty")}</Empty>;
        const rows = list.filter(({ patient }) => patient.toLowerCase().includes(search.trim().toLowerCase()));
        return (
          <Stack gap="sm">
            <TextInput aria-label={t("patients.search")} placeholder={t("patients.search")} leftSection={<IconSearch size={16} />} value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
            {restore.isError && <Problem error={restore.error} />}
            <div className="card">
              <LongTable label={t("patients.table")} columns={COLUMNS.length} rows={rows} rowKey={keyOf} head={COLUMNS.map((name) => <Table.Th key={name} scope="col">{t(`patients.${name}`)}</Table.Th>)}>
                {(one) => <Cells one={one} busy={restore.isPending && restore.variables === one.patient} onWithdraw={() => setAsking(one)} onRestore={() => restore.mutate(one.patient)} />}
              </LongTable>
            </div>
            <WithdrawPatient asking={asking} onClose={() => setAsking(null)} />
          </Stack>
        );
      }}
    </Resource>
  );
}

function Cells({ one, busy, onWithdraw, onRestore }: { one: Patient; busy: boolean; onWithdraw: () => void; onRestore: () => void }) {
  const { t } = useTranslation();
  return (
    <>
      <Table.Td><span className="mono">{one.patient}</span></Table.Td>
      <Table.Td className="num">{formatCount(one.studies)}</Table.Td>
      <Table.Td className="num">{formatCount(one.usable)}</Table.Td>
      <Table.Td><Text size="sm" c="dimmed">{one.newest_at === null ? "–" : <Ago at={one.newest_at} />}</Text></Table.Td>
      <Table.Td>
        {one.withdrawn_at === null ? <Chip tone="success">{t("patients.inUse")}</Chip> : <Chip icon={IconArchive}>{t("patients.withdrawn")}</Chip>}
        {one.withdrawn_at !== null && <Text size="xs" c="dimmed" mt={2}>{t("patients.withdrawnBy", { at: formatDateTime(one.withdrawn_at), by: one.withdrawn_by })}</Text>}
      </Table.Td>
      <Table.Td>
        {one.withdrawn_at === null
          ? <ActButton size="xs" variant="default" leftSection={<IconArchive size={14} />} aria-label={t("patients.withdrawOf", { patient: one.patient })} onClick={onWithdraw}>{t("patients.withdraw")}</ActButton>
          : <ActButton size="xs" variant="default" leftSection={<IconRestore size={14} />} aria-label={t("patients.undoOf", { patient: one.patient })} loading={busy} onClick={onRestore}>{t("patients.undo")}</ActButton>}
      </Table.Td>
    </>
  );
}
