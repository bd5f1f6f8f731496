import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import i18next from "i18next";
import { useState } from "react";
import { afterEach, describe, expect, it } from "vitest";

import { defaultsOf, faultOf, fieldsOf, isComplete, unusedWith } from "@shared/forms/jsonSchema";
import { SchemaForm } from "@shared/forms/SchemaForm";

/** As pydantic writes it. */
const schema = {
  type: "object",
  properties: {
    local_epochs: { type: "integer", default: 4, minimum: 1, maximum: 50, title: "Passes over the local data" },
    learning_rate: { type: "number", default: 0.002, exclusiveMinimum: 0, maximum: 1, title: "Learning rate" },
    augment: { type: "boolean", default: false, title: "Thin the counts at random" },
    batch_size: { type: "integer", default: 1, minimum: 1, maximum: 1, title: "Samples in one step" },
  },
};

function Form() {
  const [values, setValues] = useState(defaultsOf(schema));
  return <MantineProvider env="test"><SchemaForm schema={schema} values={values} onChange={setValues} /><output>{JSON.stringify(values)}</output></MantineProvider>;
}

afterEach(() => i18next.changeLanguage("en"));

describe("forms from JSON schema", () => {
  it("draws every field that has a choice, with its default", () => {
    render(<Form />);
    expect(screen.getByRole("textbox", { name: "Passes over the local data" })).toHaveValue("4");
    expect(screen.getByRole("switch", { name: "Thin the counts at random" })).not.toBeChecked();
    expect(screen.queryByLabelText("Samples in one step")).toBeNull();
  });

  it("refuses a value outside the bounds, exclusive ones too", () => {
    const [epochs, rate] = fieldsOf(schema);
    if (epochs === undefined || rate === undefined) throw new Error("fields are missing");
    expect([0, 1, 50, 51, 2.5, ""].map((value) => faultOf(epochs, value))).toEqual(["outside", null, null, "outside", "whole", "missing"]);
    expect([0, 1e-6, 1].map((value) => faultOf(rate, value))).toEqual(["outside", null, null]);
    expect(isComplete(schema, { ...defaultsOf(schema), learning_rate: 0 })).toBe(false);
  });

  it("says what is wrong when a field is emptied", async () => {
    render(<Form />);
    await userEvent.clear(screen.getByRole("textbox", { name: "Passes over the local data" }));
    expect(screen.getByText("Fill this in.")).toBeInTheDocument();
  });

  it("says what is allowed in words", () => {
    render(<Form />);
    expect(screen.getByText("Allowed: 1 to 50.")).toBeInTheDocument();
    expect(screen.getByText("Allowed: above 0 to 1.")).toBeInTheDocument();
  });

  it("speaks German, takes a decimal comma and keeps the number", async () => {
    await i18next.changeLanguage("de");
    render(<Form />);
    const rate = screen.getByRole("textbox", { name: "Lernrate zu Beginn" });
    expect(rate).toHaveValue("0,002");
    expect(screen.getByText("Erlaubt: über 0 bis 1.")).toBeInTheDocument();
    await userEvent.clear(rate);
    await userEvent.type(rate, "0,0305");
    expect(rate).toHaveValue("0,0305");
    expect(screen.getByRole("status")).toHaveTextContent('"learning_rate":0.0305');
  });

  it("knows which fields a kind of target does not use", () => {
    const told = { properties: { ...schema.properties, other_infarcts: { type: "number", used_with: ["phantom"] }, without_reference: { type: "string", used_with: [] } } };
    expect(unusedWith(told, "phantom")).toEqual(["without_reference"]);
    expect(unusedWith(told, "self-supervised")).toEqual(["other_infarcts", "without_reference"]);
    expect(unusedWith(undefined, "phantom")).toEqual([]);
  });
});
