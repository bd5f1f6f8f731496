import { describe, expect, it } from "vitest";

import { COLOUR_MAPS, lookup, paint, tint } from "@shared/viewer/colormap";
import { cursorFromPlane, cursorOnPlane, differenceOf, LABELS, planeLayout, planeValue, profile, quantile, sliceAt, stepSlice, valueOf, voxelAt, type Volume } from "@shared/viewer/volume";

/** An asymmetric volume: one voxel marked at the patient's left, back and head; voxels of 5 x 4 x 3 mm. */
const [nz, ny, nx] = [3, 4, 5];
const data = new Float32Array(nz * ny * nx);
const mark = { z: nz - 1, y: ny - 1, x: nx - 1 };
data[(mark.z * ny + mark.y) * nx + mark.x] = 1;
const volume: Volume = { shape: [nz, ny, nx], spacing: [5, 4, 3], data };

describe("orientation (LPS, radiological)", () => {
  it("puts the patient's left on the right and the back at the bottom of the axial plane", () => {
    expect(planeValue(volume, "axial", mark.z, nx - 1, ny - 1)).toBe(1);
    expect(LABELS.axial).toEqual({ left: "R", right: "L", top: "A", bottom: "P" });
  });

  it("puts the head at the top of the coronal plane", () => {
    expect(planeValue(volume, "coronal", mark.y, nx - 1, 0)).toBe(1);
    expect(planeValue(volume, "coronal", mark.y, nx - 1, nz - 1)).toBe(0);
    expect(LABELS.coronal).toEqual({ left: "R", right: "L", top: "H", bottom: "F" });
  });

  it("puts the back on the right and the head at the top of the sagittal plane", () => {
    expect(planeValue(volume, "sagittal", mark.x, ny - 1, 0)).toBe(1);
    expect(LABELS.sagittal).toEqual({ left: "A", right: "P", top: "H", bottom: "F" });
  });

  it("marks exactly one pixel in each plane through the marked voxel", () => {
    for (const [plane, slice] of [["axial", mark.z], ["coronal", mark.y], ["sagittal", mark.x]] as const) {
      const { columns, rows } = planeLayout(volume, plane);
      const pixels = paint(columns, rows, (column, row) => planeValue(volume, plane, slice, column, row), { low: 0, high: 1 }, "grey");
      expect(pixels.filter((value, index) => index % 4 === 0 && value === 255)).toHaveLength(1);
    }
  });

  it("keeps the true proportions of anisotropic voxels", () => {
    expect(planeLayout(volume, "axial")).toMatchObject({ widthMm: 15, heightMm: 16 });
    expect(planeLayout(volume, "coronal")).toMatchObject({ widthMm: 15, heightMm: 15 });
    expect(planeLayout(volume, "sagittal")).toMatchObject({ widthMm: 16, heightMm: 15 });
  });
});

describe("first window", () => {
  it("ignores air and the few brightest voxels", () => {
    const values = new Float32Array(1000).fill(0, 0, 800).fill(2, 800, 999).fill(50, 999);
    expect(quantile(values, 0.985)).toBe(2);
    expect(quantile(new Float32Array(8), 0.985)).toBe(0);
  });
});

describe("linked crosshair", () => {
  it("leads from a click in one plane to the slices of the others", () => {
    const cursor = cursorFromPlane("axial", { x: 0.5, y: 0.5, z: 0.99 }, 0.99, 0.99);
    expect([sliceAt(volume, "axial", cursor), sliceAt(volume, "coronal", cursor), sliceAt(volume, "sagittal", cursor)]).toEqual([mark.z, mark.y, mark.x]);
  });

  it("shows the head end of the cursor at the top", () => {
    expect(cursorOnPlane("coronal", { x: 0.2, y: 0.5, z: 1 })).toEqual({ left: 0.2, top: 0 });
    expect(cursorFromPlane("sagittal", { x: 0.2, y: 0.5, z: 0.5 }, 0.3, 0)).toEqual({ x: 0.2, y: 0.3, z: 1 });
  });

  it("stops at the first and last slice", () => {
    const top = stepSlice(volume, "axial", { x: 0.5, y: 0.5, z: 0.5 }, 99);
    expect(sliceAt(volume, "axial", top)).toBe(nz - 1);
    expect(sliceAt(volume, "axial", stepSlice(volume, "axial", top, -99))).toBe(0);
  });
});

describe("values", () => {
  const ramp: Volume = { ...volume, data: Float32Array.from(data, (_, index) => index) };

  it("reads the voxel that all three planes show under the cursor", () => {
    for (const cursor of [{ x: 0.01, y: 0.4, z: 0.99 }, { x: 1, y: 1, z: 1 }, { x: 0, y: 0, z: 0 }]) {
      const [z, y, x] = voxelAt(ramp, cursor);
      expect(valueOf(ramp, [z, y, x])).toBe(planeValue(ramp, "axial", z, x, y));
      expect(valueOf(ramp, [z, y, x])).toBe(planeValue(ramp, "coronal", y, x, nz - 1 - z));
      expect(valueOf(ramp, [z, y, x])).toBe(planeValue(ramp, "sagittal", x, y, nz - 1 - z));
    }
  });

  it("draws a line through the cursor along each axis", () => {
    const cursor = { x: 0.5, y: 0.5, z: 0.5 };
    const [z, y, x] = voxelAt(ramp, cursor);
    expect(profile(ramp, cursor, "x")).toEqual(Array.from({ length: nx }, (_, i) => valueOf(ramp, [z, y, i])));
    expect(profile(ramp, cursor, "y")).toEqual(Array.from({ length: ny }, (_, i) => valueOf(ramp, [z, i, x])));
    expect(profile(ramp, cursor, "z")).toEqual(Array.from({ length: nz }, (_, i) => valueOf(ramp, [i, y, x])));
  });

  it("takes the difference voxel by voxel, and none of volumes of two sizes", () => {
    expect(differenceOf(ramp, volume)?.data.at(-1)).toBe(data.length - 2);
    expect(differenceOf(ramp, { ...volume, shape: [ny, nz, nx] })).toBeNull();
  });
});

describe("colours", () => {
  const light = (table: Uint8Array, index: number) => 0.299 * (table[index * 3] ?? 0) + 0.587 * (table[index * 3 + 1] ?? 0) + 0.114 * (table[index * 3 + 2] ?? 0);

  it("gets steadily lighter, or darker, with the value in every map to choose from", () => {
    for (const map of COLOUR_MAPS) {
      const table = lookup(map);
      const steps = Array.from({ length: 255 }, (_, index) => light(table, index + 1) - light(table, index));
      expect(steps.every((step) => step >= -0.5) || steps.every((step) => step <= 0.5)).toBe(true);
    }
  });

  it("shows no difference as black, more in orange, less in blue", () => {
    const table = lookup("difference");
    expect([...table.slice(127 * 3, 129 * 3)].every((part) => part < 4)).toBe(true);
    expect([...table.slice(255 * 3)]).toEqual([255, 140, 0]);
    expect([...table.slice(0, 3)]).toEqual([64, 153, 255]);
  });

  it("tints most where the value is large and not at all where it is 0", () => {
    const pixels = paint(2, 1, () => 1, { low: 0, high: 1 }, "grey");
    tint(pixels, 2, 1, (column) => column * 5, 1);
    expect([...pixels.slice(0, 3)]).toEqual([255, 255, 255]);
    expect([...pixels.slice(4, 7)]).toEqual([99, 227, 255]);
  });
});
