/** The parts of a page as tabs. A part is made when it is first looked at and stays, so that what was typed there is kept. */
import { Tabs } from "@mantine/core";
import { useState, type ComponentType } from "react";

interface PageTabsProps<Part extends string> {
  label: string;
  parts: readonly Part[];
  nameOf: (part: Part) => string;
  views: Readonly<Record<Part, ComponentType>>;
  chosen: Part;
  onChoose: (part: Part) => void;
}

export function PageTabs<Part extends string>({ label, parts, nameOf, views, chosen, onChoose }: PageTabsProps<Part>) {
  const [visited, setVisited] = useState<readonly Part[]>([]);
  if (!visited.includes(chosen)) setVisited([...visited, chosen]);
  const choose = (value: string | null) => {
    const part = parts.find((known) => known === value);
    if (part !== undefined) onChoose(part);
  };
  return (
    <Tabs value={chosen} onChange={choose} keepMounted={false}>
      <Tabs.List mb="md" aria-label={label}>{parts.map((part) => <Tabs.Tab key={part} value={part}>{nameOf(part)}</Tabs.Tab>)}</Tabs.List>
      {parts.map((part) => { const View: ComponentType = views[part]; return <Tabs.Panel key={part} value={part} keepMounted={visited.includes(part)}><View /></Tabs.Panel>; })}
    </Tabs>
  );
}
