import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { setUpLanguage } from "@shared/i18n/setup";
import { MoreList } from "@shared/ui/MoreList";

const hand = userEvent.setup();
const items = Array.from({ length: 45 }, (_, place) => `item ${place + 1}`);

beforeEach(() => {
  setUpLanguage({}, {});
  render(<MantineProvider env="test"><MoreList items={items} idOf={(item) => item}>{(item) => <p>{item}</p>}</MoreList></MantineProvider>);
});

const shown = () => screen.getAllByText(/^item/).length;
const more = (name: string) => hand.click(screen.getByRole("button", { name }));

it("shows the first of a long list, and says how many more there are", async () => {
  expect(shown()).toBe(20);
  await more("Show 20 more of 25");
  expect(shown()).toBe(40);
});

it("takes the focus on to the first of what came, also once the button is gone", async () => {
  await more("Show 20 more of 25");
  expect(document.activeElement).toHaveTextContent(/^item 21$/);
  await more("Show 5 more of 5");
  expect(document.activeElement).toHaveTextContent(/^item 41$/);
  expect(screen.queryByRole("button")).toBeNull();
});
