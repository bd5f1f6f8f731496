/** Opens and closes the rounds of a session, which are read when they are opened. */
import { Button } from "@mantine/core";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

interface RoundsToggleProps {
  /** Of the session. */
  title: string;
  open: boolean;
  onToggle: (open: boolean) => void;
}

export function RoundsToggle({ title, open, onToggle }: RoundsToggleProps) {
  const { t } = useTranslation();
  return (
    <Button size="xs" variant="default" aria-expanded={open} aria-label={t("receipts.roundsOf", { title })} rightSection={open ? <IconChevronUp size={14} /> : <IconChevronDown size={14} />} onClick={() => onToggle(!open)}>
      {t("receipts.rounds")}
    </Button>
  );
}
