import { MantineProvider, Modal } from "@mantine/core";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";

import { useLast } from "@shared/ui/useLast";

function Page() {
  const [opened, setOpened] = useState<string | null>(null);
  const shown = useLast(opened);
  return (
    <>
      {["Ada", "Ben"].map((name) => <button key={name} onClick={() => setOpened(name)}>{name}</button>)}
      <p>Last: {shown}</p>
      <Modal opened={opened !== null} onClose={() => setOpened(null)} title={shown}><button>Inside</button></Modal>
    </>
  );
}

it("keeps what a dialog showed while it closes, and the dialog gives the focus back", async () => {
  const hand = userEvent.setup();
  render(<MantineProvider env="test"><Page /></MantineProvider>);
  for (const name of ["Ada", "Ben"]) {
    await hand.click(screen.getByRole("button", { name }));
    expect(await screen.findByRole("dialog", { name })).toBeVisible();
    await hand.keyboard("{Escape}");
    await waitFor(() => expect(screen.getByRole("button", { name })).toHaveFocus());
    expect(screen.getByText(`Last: ${name}`)).toBeVisible();
  }
});
