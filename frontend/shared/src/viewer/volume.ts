/** Volumes in patient LPS: shape (z, y, x), x to the patient's left, y to the back, z to the head. */

export interface Volume {
  shape: readonly [number, number, number];
  /** Voxel size in mm, in the same order (z, y, x). */
  spacing: readonly [number, number, number];
  data: Float32Array;
}

export type Plane = "axial" | "coronal" | "sagittal";
export const PLANES: readonly Plane[] = ["axial", "coronal", "sagittal"];

/** A point in the volume as fractions of its extent, 0..1, in (x, y, z). */
export interface Cursor {
  x: number;
  y: number;
  z: number;
}

export interface PlaneLabels {
  left: string;
  right: string;
  top: string;
  bottom: string;
}

/** Radiological convention: the patient's right is on the left of the screen, the head is up. */
export const LABELS: Record<Plane, PlaneLabels> = {
  axial: { left: "R", right: "L", top: "A", bottom: "P" },
  coronal: { left: "R", right: "L", top: "H", bottom: "F" },
  sagittal: { left: "A", right: "P", top: "H", bottom: "F" },
};

interface Layout {
  columns: number;
  rows: number;
  depth: number;
  widthMm: number;
  heightMm: number;
}

export function planeLayout(volume: Volume, plane: Plane): Layout {
  const [nz, ny, nx] = volume.shape;
  const [dz, dy, dx] = volume.spacing;
  if (plane === "axial") return { columns: nx, rows: ny, depth: nz, widthMm: nx * dx, heightMm: ny * dy };
  if (plane === "coronal") return { columns: nx, rows: nz, depth: ny, widthMm: nx * dx, heightMm: nz * dz };
  return { columns: ny, rows: nz, depth: nx, widthMm: ny * dy, heightMm: nz * dz };
}

/** Value at screen (column, row) of a plane; row 0 is the top of the screen. */
export function planeValue(volume: Volume, plane: Plane, slice: number, column: number, row: number): number {
  const [nz, ny, nx] = volume.shape;
  const index = (z: number, y: number, x: number) => (z * ny + y) * nx + x;
  if (plane === "axial") return volume.data[index(slice, row, column)] ?? 0;
  if (plane === "coronal") return volume.data[index(nz - 1 - row, slice, column)] ?? 0;
  return volume.data[index(nz - 1 - row, column, slice)] ?? 0;
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));

/** The slice number of a plane under the cursor. */
export function sliceAt(volume: Volume, plane: Plane, cursor: Cursor): number {
  const { depth } = planeLayout(volume, plane);
  const along = plane === "axial" ? cursor.z : plane === "coronal" ? cursor.y : cursor.x;
  return Math.min(depth - 1, Math.floor(clamp(along) * depth));
}

/** Where the cursor is on the screen of a plane, as fractions from the left and from the top. */
export function cursorOnPlane(plane: Plane, cursor: Cursor): { left: number; top: number } {
  if (plane === "axial") return { left: cursor.x, top: cursor.y };
  if (plane === "coronal") return { left: cursor.x, top: 1 - cursor.z };
  return { left: cursor.y, top: 1 - cursor.z };
}

/** The cursor after a click at fractions (left, top) of a plane. */
export function cursorFromPlane(plane: Plane, cursor: Cursor, left: number, top: number): Cursor {
  if (plane === "axial") return { ...cursor, x: clamp(left), y: clamp(top) };
  if (plane === "coronal") return { ...cursor, x: clamp(left), z: clamp(1 - top) };
  return { ...cursor, y: clamp(left), z: clamp(1 - top) };
}

/** The cursor one or more slices further along a plane's normal. */
export function stepSlice(volume: Volume, plane: Plane, cursor: Cursor, steps: number): Cursor {
  const { depth } = planeLayout(volume, plane);
  const next = Math.min(depth - 1, Math.max(0, sliceAt(volume, plane, cursor) + steps));
  const along = (next + 0.5) / depth;
  if (plane === "axial") return { ...cursor, z: along };
  return plane === "coronal" ? { ...cursor, y: along } : { ...cursor, x: along };
}

export type Axis = "x" | "y" | "z";
export const AXES: readonly Axis[] = ["x", "y", "z"];

/** The voxel (z, y, x) under the cursor, each counted from 0. */
export function voxelAt(volume: Volume, cursor: Cursor): [number, number, number] {
  return [sliceAt(volume, "axial", cursor), sliceAt(volume, "coronal", cursor), sliceAt(volume, "sagittal", cursor)];
}

/** The value of the voxel (z, y, x). */
export function valueOf(volume: Volume, [z, y, x]: readonly [number, number, number]): number {
  const [, ny, nx] = volume.shape;
  return volume.data[(z * ny + y) * nx + x] ?? 0;
}

/** The values along an axis through the cursor: from the patient's right to the left, front to back, or feet to head. */
export function profile(volume: Volume, cursor: Cursor, axis: Axis): number[] {
  const [z, y, x] = voxelAt(volume, cursor);
  const [nz, ny, nx] = volume.shape;
  const length = axis === "x" ? nx : axis === "y" ? ny : nz;
  return Array.from({ length }, (_, i) => valueOf(volume, axis === "x" ? [z, y, i] : axis === "y" ? [z, i, x] : [i, y, x]));
}

/** first - second, voxel by voxel; null where the two are not of one size. */
export function differenceOf(first: Volume, second: Volume): Volume | null {
  if (first.shape.some((size, place) => size !== second.shape[place])) return null;
  return { ...first, data: first.data.map((value, index) => value - (second.data[index] ?? 0)) };
}

/** The value below which the given share (0..1) of the positive voxels lies; 0 when there are none. */
export function quantile(data: Float32Array, share: number): number {
  const positive = data.filter((value) => Number.isFinite(value) && value > 0).sort();
  return positive[Math.min(positive.length - 1, Math.floor(share * positive.length))] ?? 0;
}

/** Smallest and largest finite value. */
export function valueRange(data: Float32Array): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}
