/** What a dialog shows of failures, and where the focus is once it is gone with what had opened it. */
import { MantineProvider } from "@mantine/core";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, expect, it, vi } from "vitest";

import { ProblemError } from "@shared/api/problem";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Card, Page } from "@shared/ui/Page";

afterEach(() => { vi.useRealTimers(); });

const failure = (title: string) => new ProblemError({ title, status: 409, detail: "", code: "conflict", advice: "", retryable: false });
const hand = userEvent.setup();
const press = async (name: string) => hand.click(await screen.findByRole("button", { name }));
const head = (name: string) => screen.getByRole("heading", { name });

function Row({ name, onGone }: { name: string; onGone: () => void }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button onClick={() => setAsking(true)}>Remove {name}</button>
      <ConfirmDialog opened={asking} title={`Remove ${name}?`} lead="" consequences={[]} confirm="Yes" onClose={() => setAsking(false)} onConfirm={onGone} />
    </>
  );
}

/** Cards of which some go with their row, and some stay. */
function Rows({ names, staying }: { names: readonly string[]; staying: boolean }) {
  const [gone, setGone] = useState<string[]>([]);
  return (
    <MantineProvider env="test">
      <main id="main" tabIndex={-1}>
        <Page title="Sites">
          {names.map((name) => {
            const row = !gone.includes(name) && <Row name={name} onGone={() => setGone([...gone, name])} />;
            return staying || row !== false ? <Card key={name} title={name}>{row}</Card> : null;
          })}
        </Page>
      </main>
    </MantineProvider>
  );
}

it("gives the focus back to what opened it", async () => {
  render(<Rows names={["North", "East"]} staying />);
  await press("Remove East");
  await press("Cancel");
  await waitFor(() => expect(screen.getByRole("button", { name: "Remove East" })).toHaveFocus());
});

it("gives the focus to the head of the card whose button went with it", async () => {
  render(<Rows names={["North", "East"]} staying />);
  await press("Remove East");
  await press("Yes");
  await waitFor(() => expect(head("East")).toHaveFocus());
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("gives the focus to the head of the page when the card went as well", async () => {
  render(<Rows names={["North", "East"]} staying={false} />);
  await press("Remove North");
  await press("Yes");
  await waitFor(() => expect(head("Sites")).toHaveFocus());
});

it("leaves the focus to whoever moved it meanwhile", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
  render(<Rows names={["North", "East"]} staying={false} />);
  await press("Remove North");
  await press("Yes");
  screen.getByRole("button", { name: "Remove East" }).focus();
  vi.runAllTimers();
  expect(screen.getByRole("button", { name: "Remove East" })).toHaveFocus();
});

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
