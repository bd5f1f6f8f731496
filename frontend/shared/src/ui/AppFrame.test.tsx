/** The navigation of a narrow screen: the focus goes into it, and is not left behind in what is out of sight. */
import { MantineProvider } from "@mantine/core";
import { IconHome } from "@tabler/icons-react";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { AnchorHTMLAttributes } from "react";
import { beforeEach, expect, it, vi } from "vitest";

import { AppFrame } from "@shared/ui/AppFrame";

vi.mock("@shared/accounts/UserMenu", () => ({ UserMenu: () => null }));

const hand = userEvent.setup();
const named = (name: string) => screen.getByRole("button", { name });
const Place = (props: AnchorHTMLAttributes<HTMLAnchorElement>) => <a href="#home" {...props}>{props.children}</a>;

beforeEach(async () => {
  render(<MantineProvider env="test"><AppFrame subtitle="" entries={[{ label: "Home", icon: IconHome, link: (props) => <Place {...props} /> }]} bar={null} live={null} settings={() => null}>Text</AppFrame></MantineProvider>);
  expect(screen.getByRole("navigation", { name: "Main" })).toHaveAttribute("data-open", "false");
  await hand.click(named("Open navigation"));
  expect(screen.getByRole("navigation", { name: "Main" })).toHaveAttribute("data-open", "true");
});

it("takes the focus when it opens, and gives it back when it is closed", async () => {
  expect(named("Close navigation")).toHaveFocus();
  await hand.keyboard("{Enter}");
  expect(named("Open navigation")).toHaveFocus();
});

it("gives the focus to the page that was chosen", async () => {
  await hand.click(screen.getByRole("link", { name: "Home" }));
  expect(screen.getByRole("main")).toHaveFocus();
  expect(screen.getByRole("navigation", { name: "Main" })).toHaveAttribute("data-open", "false");
});
