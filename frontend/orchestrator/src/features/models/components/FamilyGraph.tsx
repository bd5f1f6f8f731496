/** A family of models: nodes that can be reached by keyboard over drawn arrows, and the same as a list. */
import { Anchor, SegmentedControl, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { formatDateTime, formatNumber } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";

import type { ModelNode } from "@app/api/schemas";
import { layered, NODE_HEIGHT, NODE_WIDTH } from "@app/features/models/components/layout";

interface FamilyGraphProps {
  nodes: readonly ModelNode[];
  current: string;
  primary: { key: string; title: string } | null;
  onOpen: (id: string) => void;
}

export function FamilyGraph(props: FamilyGraphProps) {
  const { t } = useTranslation();
  const [how, setHow] = useState("graph");
  const aside = <SegmentedControl size="xs" aria-label={t("family.open")} value={how} onChange={setHow} data={[{ value: "graph", label: t("family.graph") }, { value: "list", label: t("family.list") }]} />;
  return <Card aside={aside}>{how === "graph" ? <Graph {...props} /> : <FamilyList {...props} />}</Card>;
}

function scoreOf(node: ModelNode, primary: FamilyGraphProps["primary"]): string {
  const value = primary === null ? undefined : (node.metrics[`score_${primary.key}`] ?? node.metrics[primary.key]);
  return value === undefined || primary === null ? "" : `${primary.title} ${formatNumber(value)}`;
}

function useWords() {
  const { t } = useTranslation();
  return {
    origin: (node: ModelNode) => (node.origin === "round" && node.round !== null ? t("models.fromRound", { round: node.round }) : t(`model.origin.${node.origin}`)),
    marks: (node: ModelNode, current: string) => [...(node.id === current ? [t("family.here")] : []), ...(node.recommended ? [t("family.recommended")] : []), ...(node.deleted ? [t("family.deleted")] : [])],
  };
}

function Graph({ nodes, current, primary, onOpen }: FamilyGraphProps) {
  const { t } = useTranslation();
  const { origin, marks } = useWords();
  const { placed, edges, width, height } = useMemo(() => layered(nodes), [nodes]);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
    <div role="group" aria-label={t("family.graph")} tabIndex={0} style={{ overflow: "auto", maxHeight: 560, padding: 4 }}>
      <div style={{ position: "relative", width, height }}>
        <svg width={width} height={height} aria-hidden="true" style={{ position: "absolute", inset: 0 }}>
          <defs><marker id="made" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="var(--muted)" /></marker></defs>
          {edges.map(({ from, to }) => {
            const [x1, y1, x2, y2] = [from.x + NODE_WIDTH, from.y + NODE_HEIGHT / 2, to.x - 2, to.y + NODE_HEIGHT / 2];
            return <path key={`${from.node.id}-${to.node.id}`} d={`M${x1},${y1} C${x1 + 22},${y1} ${x2 - 22},${y2} ${x2},${y2}`} fill="none" stroke="var(--muted)" strokeWidth={1.5} markerEnd="url(#made)" />;
          })}
        </svg>
        {placed.map(({ node, x, y }) => (
          <button key={node.id} type="button" className="family-node" data-current={node.id === current} data-deleted={node.deleted} disabled={node.deleted} style={{ left: x, top: y, width: NODE_WIDTH, height: NODE_HEIGHT }}
            aria-current={node.id === current ? "true" : undefined} title={node.name} onClick={() => onOpen(node.id)}>
            <span className="name">{node.name}</span>
            <span className="note num">{[origin(node), ...marks(node, current)].join(" · ")}</span>
            <span className="visually-hidden">{scoreOf(node, primary)}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

function FamilyList({ nodes, current, primary, onOpen }: FamilyGraphProps) {
  const { t } = useTranslation();
  const { origin, marks } = useWords();
  const names = new Map(nodes.map((node) => [node.id, node.name]));
  return (
    <ol className="row-list" aria-label={t("family.list")}>
      {nodes.map((node) => {
        const parents = node.parents.flatMap((id) => names.get(id) ?? []);
        return (
          <li key={node.id} aria-current={node.id === current ? "true" : undefined}>
            <div style={{ display: "flex", gap: 8, alignItems: "center", flexWrap: "wrap" }}>
              {node.deleted ? <Text size="sm">{node.name}</Text> : <Anchor component="button" type="button" size="sm" fw={600} ta="left" onClick={() => onOpen(node.id)}>{node.name}</Anchor>}
              {marks(node, current).map((mark) => <Chip key={mark}>{mark}</Chip>)}
            </div>
            <Text size="xs" c="dimmed" className="num">{[origin(node), parents.length === 0 ? t("family.first") : t("family.from", { names: parents.join(", ") }), formatDateTime(node.created_at), scoreOf(node, primary)].filter((part) => part !== "").join(" · ")}</Text>
          </li>
        );
      })}
    </ol>
  );
}
