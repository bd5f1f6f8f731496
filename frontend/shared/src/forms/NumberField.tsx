/** A number to type, with the decimal separator of the present language. */
import { NumberInput, type NumberInputProps } from "@mantine/core";

import { useLanguage } from "@shared/i18n/useLanguage";

export function NumberField(props: NumberInputProps) {
  // What is being typed comes back as text with a point ("0."), whatever the separator on screen.
  const german = useLanguage() === "de" ? { decimalSeparator: ",", valueIsNumericString: true } : {};
  return <NumberInput {...german} {...props} />;
}
