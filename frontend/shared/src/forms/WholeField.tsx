/** A whole number within limits; what does not fit stays to be seen, and is no number to whoever asked. */
import type { NumberInputProps } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { NumberField } from "@shared/forms/NumberField";
import { faultOf, rangeWords, type Limits } from "@shared/forms/jsonSchema";

interface WholeFieldProps extends Omit<NumberInputProps, "value" | "onChange" | "min" | "max"> {
  min: number;
  max?: number | undefined;
  value: number;
  /** With NaN while what is typed does not fit: nothing may be saved then. */
  onChange: (value: number) => void;
}

export function WholeField({ min, max, value, onChange, ...rest }: WholeFieldProps) {
  const { t } = useTranslation("shared");
  const [typed, setTyped] = useState<number | string>(value);
  const limits: Limits = { kind: "integer", min, ...(max === undefined ? {} : { max }) };
  const fault = faultOf(limits, typed);
  const meant = fault === null ? Number(typed) : Number.NaN;
  if (!Number.isNaN(value) && value !== meant) setTyped(value);
  const range = t("form.range", { range: rangeWords(limits, t) });
  const change = (next: number | string) => {
    setTyped(next);
    onChange(faultOf(limits, next) === null ? Number(next) : Number.NaN);
  };
  return <NumberField {...rest} min={min} max={max} clampBehavior="none" allowDecimal={false} value={typed} onChange={change} error={fault === null ? undefined : `${t(`form.${fault}`)} ${range}`} />;
}
