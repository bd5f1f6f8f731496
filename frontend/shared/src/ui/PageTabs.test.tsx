import { MantineProvider, TextInput } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useEffect, useState } from "react";
import { expect, it } from "vitest";

import { PageTabs } from "@shared/ui/PageTabs";

const made: string[] = [];

function People() {
  const [name, setName] = useState("");
  return <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />;
}

function Program() {
  useEffect(() => { made.push("program"); }, []);
  return <p>Version 1</p>;
}

const VIEWS = { people: People, program: Program };

function Settings() {
  const [chosen, setChosen] = useState<"people" | "program">("people");
  return <PageTabs label="Settings" parts={["people", "program"]} nameOf={(part) => part} views={VIEWS} chosen={chosen} onChoose={setChosen} />;
}

it.each(["default", "test"] as const)("keeps what was typed in a part while another is looked at, and makes none before (%s)", async (env) => {
  const hand = userEvent.setup();
  made.length = 0;
  render(<MantineProvider env={env}><Settings /></MantineProvider>);
  await hand.type(screen.getByRole("textbox", { name: "Name" }), "Vera");
  expect(made).toEqual([]);
  await hand.click(screen.getByRole("tab", { name: "program" }));
  expect(made).toEqual(["program"]);
  expect(screen.queryByRole("textbox", { name: "Name" })).toBeNull();
  await hand.click(screen.getByRole("tab", { name: "people" }));
  expect(screen.getByRole("textbox", { name: "Name" })).toHaveValue("Vera");
});
