/** What the program is: version, licence, where its data lie, what it is made of. */
import { Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useAbout } from "@shared/settings/api";
import { Card, Facts } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Resource } from "@shared/ui/states";

export function AboutCard({ more = [] }: { more?: readonly (readonly [string, ReactNode])[] }) {
  const { t } = useTranslation("shared");
  const about = useAbout();
  return (
    <Resource query={about} label={t("saving.loading")}>
      {(data) => (
        <Card title={t("about.title")}>
          <Facts items={[
            [t("about.version"), data.version], [t("about.licence"), data.licence], ["Python", data.python],
            [t("about.home"), <span key="h" className="mono">{data.home}</span>], ...more,
          ]} />
          <Text fw={600} size="sm" mt="md" mb="xs">{t("about.components")}</Text>
          <ScrollTable label={t("about.components")} maxHeight={260} fit>
            <Table aria-label={t("about.components")} verticalSpacing={4}>
              <Table.Thead><Table.Tr><Table.Th scope="col">{t("about.name")}</Table.Th><Table.Th scope="col">{t("about.version")}</Table.Th><Table.Th scope="col">{t("about.licence")}</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>{data.components.map((part) => <Table.Tr key={part.name}><Table.Td>{part.name}</Table.Td><Table.Td className="num">{part.version}</Table.Td><Table.Td><Text size="sm" style={{ overflowWrap: "anywhere" }}>{part.licence}</Text></Table.Td></Table.Tr>)}</Table.Tbody>
            </Table>
          </ScrollTable>
        </Card>
      )}
    </Resource>
  );
}
