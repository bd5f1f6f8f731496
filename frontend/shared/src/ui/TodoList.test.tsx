import { MantineProvider } from "@mantine/core";
import { render, screen, within } from "@testing-library/react";
import { expect, it } from "vitest";

import { TodoList, type Todo } from "@shared/ui/TodoList";

const todo = (title: string): Todo => ({ key: title, tone: "info", title, text: "Since yesterday.", action: <button>Look</button> });

it("names what each step belongs to", () => {
  render(<MantineProvider env="test"><TodoList label="Waits for you" todos={[todo("A site wants to join"), todo("A round is late")]} /></MantineProvider>);
  expect(screen.getAllByRole("button", { name: "Look" })).toHaveLength(2);
  expect(within(screen.getByRole("group", { name: "A round is late" })).getByRole("button", { name: "Look" })).toBeVisible();
});
