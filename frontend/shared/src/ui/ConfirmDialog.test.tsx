/** What a dialog shows of failures. */
import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";

import { ProblemError } from "@shared/api/problem";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";

const failure = (title: string) => new ProblemError({ title, status: 409, detail: "", code: "conflict", advice: "", retryable: false });
const hand = userEvent.setup();
const press = async (name: string) => hand.click(await screen.findByRole("button", { name }));

function Failing() {
  const [asked, setAsked] = useState<string | null>(null);
  const [error, setError] = useState<ProblemError | null>(null);
  return (
    <MantineProvider env="test">
      {["Ada", "Ben"].map((name) => <button key={name} onClick={() => setAsked(name)}>{name}</button>)}
      <ConfirmDialog opened={asked !== null} title={asked ?? ""} lead="" consequences={[]} confirm="Yes" error={error} onClose={() => setAsked(null)} onConfirm={() => setError(failure(`${asked} is in use.`))} />
    </MantineProvider>
  );
}

it("shows what failed since it was opened, and nothing that failed before", async () => {
  render(<Failing />);
  await press("Ada");
  await press("Yes");
  expect(await screen.findByRole("alert")).toHaveTextContent("Ada is in use.");
  await press("Cancel");
  await press("Ben");
  expect(await screen.findByRole("dialog", { name: "Ben" })).toBeVisible();
  expect(screen.queryByRole("alert")).toBeNull();
  await press("Yes");
  expect(await screen.findByRole("alert")).toHaveTextContent("Ben is in use.");
});
