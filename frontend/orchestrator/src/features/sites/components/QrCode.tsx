/** A QR code that the daemon has laid out, with a way to save it. */
import { Button, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { saveText } from "@shared/format/save";

import type { InvitationIssued } from "@app/api/schemas";

export function QrCode({ issued }: { issued: InvitationIssued }) {
  const { t } = useTranslation();
  const { size, path } = issued.qr;
  const save = () => saveText(issued.filename.replace(/\.[^.]*$/, "-qr.svg"), `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${path}"/></svg>`, "image/svg+xml");
  return (
    <div>
      <Text fw={600} size="sm" mb={2}>{t("qr.title")}</Text>
      <Text size="xs" c="dimmed" mb={6}>{t("qr.note")}</Text>
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t("qr.alt")} shapeRendering="crispEdges" style={{ display: "block", width: "100%", maxWidth: 380, borderRadius: 8 }}>
        <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
        <path fill="#000" d={path} />
      </svg>
      <Button mt="xs" size="xs" variant="default" leftSection={<IconDownload size={15} />} onClick={save}>{t("qr.save")}</Button>
    </div>
  );
}
