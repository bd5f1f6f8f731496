/** Where the models of a family stand: one column a generation, each near its parents. */
import type { ModelNode } from "@app/api/schemas";

export const NODE_WIDTH = 190;
export const NODE_HEIGHT = 54;
const GAP_X = 44;
const GAP_Y = 16;

export interface Placed {
  node: ModelNode;
  x: number;
  y: number;
}

export interface Layout {
  placed: Placed[];
  edges: { from: Placed; to: Placed }[];
  width: number;
  height: number;
}

/** Lay a family out; `nodes` come oldest first, so that parents stand before their children. */
export function layered(nodes: readonly ModelNode[]): Layout {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const depth = new Map<string, number>();
  for (const node of nodes) {
    const above = node.parents.filter((id) => known.has(id)).map((id) => depth.get(id) ?? 0);
    depth.set(node.id, above.length === 0 ? 0 : Math.max(...above) + 1);
  }
  const rows = new Map<string, number>();
  const taken = new Map<number, Set<number>>();
  const placed = nodes.map((node) => {
    const column = depth.get(node.id) ?? 0;
    const above = node.parents.flatMap((id) => rows.get(id) ?? []);
    const used = taken.get(column) ?? new Set<number>();
    let row = above.length === 0 ? 0 : Math.round(above.reduce((sum, value) => sum + value, 0) / above.length);
    while (used.has(row)) row += 1;
    taken.set(column, used.add(row));
    rows.set(node.id, row);
    return { node, x: column * (NODE_WIDTH + GAP_X), y: row * (NODE_HEIGHT + GAP_Y) };
  });
  const at = new Map(placed.map((one) => [one.node.id, one]));
  const edges = placed.flatMap((to) => to.node.parents.flatMap((id) => { const from = at.get(id); return from === undefined ? [] : [{ from, to }]; }));
  const width = Math.max(0, ...placed.map((one) => one.x)) + NODE_WIDTH;
  const height = Math.max(0, ...placed.map((one) => one.y)) + NODE_HEIGHT;
  return { placed, edges, width, height };
}
