/** The files of an import that became no study, each with its reason and what to do. */
import { Anchor, Button, Text } from "@mantine/core";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { ScrollTable } from "@shared/ui/ScrollTable";
import { Resource } from "@shared/ui/states";

import type { Import, ImportFile } from "@app/api/schemas.intake";
import { useNotTaken } from "@app/features/intake/api/useImports";
import { refusalOf } from "@app/features/intake/refusal";

export function NotTaken({ one }: { one: Import }) {
  const { t } = useTranslation();
  const files = useNotTaken(one, true);
  return (
    <Resource query={files} label={t("imports.loading")}>
      {({ items, total }) => (
        <div>
          <ScrollTable label={t("imports.refused", { count: total })} maxHeight={320}>
            <ul aria-label={t("imports.why")} style={{ margin: 0, padding: 0, listStyle: "none" }}>
              {items.map((file) => (
                <li key={file.name} style={{ padding: "6px 0", borderTop: "1px solid var(--line)" }}>
                  <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>{file.name}</Text>
                  <Reason file={file} />
                </li>
              ))}
            </ul>
          </ScrollTable>
          {items.length < total && <Text size="xs" c="dimmed" mt={4}>{t("imports.moreFiles", { count: items.length })}</Text>}
        </div>
      )}
    </Resource>
  );
}

function Toggle({ shown, onToggle }: { shown: boolean; onToggle: () => void }) {
  const { t } = useTranslation();
  return (
    <Button size="xs" variant="default" aria-expanded={shown} leftSection={shown ? <IconChevronUp size={14} /> : <IconChevronDown size={14} />} onClick={onToggle}>
      {t(shown ? "imports.hide" : "imports.why")}
    </Button>
  );
}
NotTaken.Toggle = Toggle;

function Reason({ file }: { file: ImportFile }) {
  const { t } = useTranslation();
  if (file.state === "duplicate") {
    return (
      <Text size="sm">
        {t("imports.here")}{" "}
        {file.study_id !== null && <Anchor size="sm" renderRoot={(props) => <Link to="/data/$studyId" params={{ studyId: file.study_id ?? "" }} {...props} />}>{t("imports.openStudy")}</Anchor>}
      </Text>
    );
  }
  return <Text size="sm">{refusalOf(file)}</Text>;
}
