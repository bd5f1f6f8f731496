import { describe, expect, it } from "vitest";

import { paint } from "@shared/viewer/colormap";
import { cursorFromPlane, cursorOnPlane, LABELS, planeLayout, planeValue, quantile, sliceAt, stepSlice, type Volume } from "@shared/viewer/volume";

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
