/** A button that changes something: for a role that may only look it is off and says why. */
import { Button, createPolymorphicComponent, type ButtonProps } from "@mantine/core";
import { forwardRef } from "react";
import { useTranslation } from "react-i18next";

import { useMe } from "@shared/accounts/api";

const Inner = forwardRef<HTMLButtonElement, ButtonProps>((props, ref) => {
  const { t } = useTranslation("shared");
  const mayAct = useMe().data?.can_act ?? true;
  return mayAct ? <Button ref={ref} {...props} /> : <Button ref={ref} {...props} renderRoot={undefined} onClick={undefined} disabled title={t("accounts.lookOnly")} />;
});
Inner.displayName = "ActButton";

export const ActButton = createPolymorphicComponent<"button", ButtonProps>(Inner);
