/** The imports, the newest first; of those that are over only some until all are asked for. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Problem } from "@shared/ui/states";

import { useImports } from "@app/features/intake/api/useImports";
import { ImportCard } from "@app/features/intake/components/ImportCard";
import { importNames } from "@app/features/intake/importNames";
import { shownImports } from "@app/features/intake/shownImports";

export function ImportList() {
  const { t } = useTranslation();
  const imports = useImports();
  const [whole, setWhole] = useState(false);
  if (imports.data === undefined) return imports.isError ? <Problem error={imports.error} onRetry={() => void imports.refetch()} /> : null;
  const list = imports.data;
  const names = importNames(list);
  const some = shownImports(list);
  const shown = new Set(whole ? list : some);
  return (
    <>
      {list.map((one, place) => shown.has(one) && <ImportCard key={one.id} one={one} name={names[place] ?? ""} />)}
      {some.length < list.length && <Button variant="default" onClick={() => setWhole(!whole)}>{whole ? t("imports.fewer") : t("imports.more", { count: list.length - some.length })}</Button>}
    </>
  );
}
