/** One study of a data set by its file name; the program searches among all of them, the page holds the first that fit. */
import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { formatCount } from "@shared/format/format";

import type { SetSummary } from "@app/api/laboratorySchemas";
import { MOST_NAMED, useStudiesNamed } from "@app/features/laboratory/api/useLaboratory";

const TYPED_MS = 200;

interface StudySelectProps {
  set: SetSummary | undefined;
  value: string | null;
  onChange: (file: string | null) => void;
}

export function StudySelect({ set, value, onChange }: StudySelectProps) {
  const { t } = useTranslation();
  const total = set?.facts?.studies ?? 0;
  const [text, setText] = useState("");
  const searching = text !== "" && text !== value; // what is chosen stands in the field until something else is typed
  const [search] = useDebouncedValue(searching ? text : "", TYPED_MS);
  const { data } = useStudiesNamed(set, search);
  const files = (data?.items ?? []).map(({ file }) => file);
  const shown = searching || value === null || files.includes(value) ? files : [value, ...files];
  return (
    <Select label={t("lab.tryForm.study")} description={total > MOST_NAMED ? t("lab.tryForm.studyNote", { total: formatCount(total) }) : undefined} inputWrapperOrder={["label", "input", "description"]}
      allowDeselect={false} searchable searchValue={text} onSearchChange={setText} filter={({ options }) => options} value={value} onChange={onChange} data={shown} />
  );
}
