/** Where the body of an attenuation map begins and ends in each row of each view, to lay over the projections. */
import type { Volume } from "@shared/viewer/volume";

/** A third of water at 140 keV, per mm: lung and air stay outside, the skin is in. */
const BODY_PER_MM = 0.005;

export interface Outline {
  /** First and last bin of the body, at (view * rows + row); NaN where there is none. */
  left: Float32Array;
  right: Float32Array;
}

interface Edge {
  x: number;
  y: number;
}

/** The first and the last point of the body on each line of a slice, in mm from the axis. */
function edgesOf(map: Volume, z: number): Edge[] {
  const [, ny, nx] = map.shape;
  const [, dy, dx] = map.spacing;
  const edges: Edge[] = [];
  for (let y = 0; y < ny; y += 1) {
    let first = -1;
    let last = -1;
    for (let x = 0; x < nx; x += 1) {
      if ((map.data[(z * ny + y) * nx + x] ?? 0) < BODY_PER_MM) continue;
      if (first < 0) first = x;
      last = x;
    }
    if (first < 0) continue;
    const across = (y - (ny - 1) / 2) * dy;
    edges.push({ x: (first - nx / 2) * dx, y: across }, { x: (last + 1 - nx / 2) * dx, y: across });
  }
  return edges;
}

/** `projections` has shape (view, axial, bin); a bin lies at u = -x cos(angle) + y sin(angle), as the study file says. */
export function bodyOutline(map: Volume, projections: Volume, anglesRad: readonly number[]): Outline {
  const [views, rows, bins] = projections.shape;
  const left = new Float32Array(views * rows).fill(NaN);
  const right = new Float32Array(views * rows).fill(NaN);
  const [nz] = map.shape;
  for (let row = 0; row < rows; row += 1) {
    const z = Math.round(((row - (rows - 1) / 2) * projections.spacing[1]) / map.spacing[0] + (nz - 1) / 2);
    const edges = z < 0 || z >= nz ? [] : edgesOf(map, z);
    if (edges.length === 0) continue;
    anglesRad.slice(0, views).forEach((angle, view) => {
      const along = edges.map(({ x, y }) => -x * Math.cos(angle) + y * Math.sin(angle));
      left[view * rows + row] = Math.min(...along) / projections.spacing[2] + (bins - 1) / 2;
      right[view * rows + row] = Math.max(...along) / projections.spacing[2] + (bins - 1) / 2;
    });
  }
  return { left, right };
}
