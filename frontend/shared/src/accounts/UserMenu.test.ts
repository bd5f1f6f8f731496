import { expect, test } from "vitest";

import { initials } from "@shared/accounts/UserMenu";

test.each([["Ada Lovelace", "AL"], ["owner", "O"], ["  Jean  Luc  Picard ", "JP"], ["", ""]])("the initials of %j are %j", (name, letters) => {
  expect(initials(name)).toBe(letters);
});
