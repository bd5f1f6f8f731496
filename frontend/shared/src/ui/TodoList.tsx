/** What waits for a person, the most pressing first, each with its next step. */
import { IconAlertTriangle, IconCircleX, IconInfoCircle, IconMoodSmile } from "@tabler/icons-react";
import { type ReactNode, useId } from "react";

import { Card } from "@shared/ui/Page";
import { Empty } from "@shared/ui/states";

export interface Todo {
  key: string;
  tone: "info" | "warning" | "danger";
  title: string;
  text: string;
  action: ReactNode;
}

const ICONS = { info: IconInfoCircle, warning: IconAlertTriangle, danger: IconCircleX };

export function TodoList({ label, todos }: { label: string; todos: readonly Todo[] }) {
  return (
    <ul className="row-list" aria-label={label} aria-live="polite">
      {todos.map((todo) => <Row key={todo.key} todo={todo} />)}
    </ul>
  );
}

/** Several rows may offer "Look": the group's name says at what. */
function Row({ todo }: { todo: Todo }) {
  const title = useId();
  const Symbol = ICONS[todo.tone];
  return (
    <li style={{ display: "flex", gap: 12, alignItems: "flex-start", flexWrap: "wrap" }}>
      <span className="phase-dot" style={{ background: `var(--tone-${todo.tone}-bg)`, color: `var(--tone-${todo.tone})` }}><Symbol size={18} aria-hidden="true" /></span>
      <span style={{ flex: "1 1 220px", minWidth: 0, lineHeight: 1.45 }}>
        <span id={title} style={{ display: "block", fontWeight: 620 }}>{todo.title}</span>
        <span style={{ color: "var(--muted)", display: "block", fontSize: 13.5 }}>{todo.text}</span>
      </span>
      <span role="group" aria-labelledby={title}>{todo.action}</span>
    </li>
  );
}

interface TodoCardProps {
  title: string;
  todos: readonly Todo[];
  emptyTitle: string;
  empty: string;
}

/** The list in a card of its own, or a friendly word when nothing waits. */
export function TodoCard({ title, todos, emptyTitle, empty }: TodoCardProps) {
  return <Card title={title}>{todos.length === 0 ? <Empty plain icon={IconMoodSmile} title={emptyTitle}>{empty}</Empty> : <TodoList label={title} todos={todos} />}</Card>;
}
