import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";

import { WholeField } from "@shared/forms/WholeField";

function Form({ max }: { max?: number }) {
  const [value, setValue] = useState(20);
  return <MantineProvider env="test"><WholeField label="Rounds" min={1} max={max} value={value} onChange={setValue} /><output>{String(value)}</output><button type="button" onClick={() => setValue(7)}>Back</button></MantineProvider>;
}

const field = () => screen.getByRole("textbox", { name: "Rounds" });

it.each([["0", "Outside the allowed range. Allowed: 1 to 50."], ["51", "Outside the allowed range. Allowed: 1 to 50."]])("shows %s as it was typed, and is no number meanwhile", async (typed, fault) => {
  render(<Form max={50} />);
  await userEvent.clear(field());
  expect(screen.getByText("Fill this in. Allowed: 1 to 50.")).toBeInTheDocument();
  await userEvent.type(field(), typed);
  await userEvent.tab();
  expect(field()).toHaveValue(typed);
  expect(screen.getByText(fault)).toBeInTheDocument();
  expect(screen.getByRole("status")).toHaveTextContent("NaN");
});

it("gives the number that fits, and follows another one", async () => {
  render(<Form />);
  await userEvent.clear(field());
  await userEvent.type(field(), "120");
  expect(screen.getByRole("status")).toHaveTextContent("120");
  await userEvent.clear(field());
  await userEvent.click(screen.getByRole("button", { name: "Back" }));
  expect(field()).toHaveValue("7");
  expect(screen.queryByText(/Fill this in/)).toBeNull();
});
