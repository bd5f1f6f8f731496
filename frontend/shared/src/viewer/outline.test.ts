import { describe, expect, it } from "vitest";

import { bodyOutline } from "@shared/viewer/outline";
import type { Volume } from "@shared/viewer/volume";

/** A block that reaches from the middle to the patient's left (x > 0), in the two middle slices. */
function block(): Volume {
  const data = new Float32Array(4 * 8 * 8);
  for (const z of [1, 2]) for (let y = 2; y < 6; y += 1) for (let x = 4; x < 7; x += 1) data[(z * 8 + y) * 8 + x] = 0.015;
  return { shape: [4, 8, 8], spacing: [10, 10, 10], data };
}

const projections = (views: number): Volume => ({ shape: [views, 4, 8], spacing: [1, 10, 10], data: new Float32Array(views * 32) });

describe("the outline of the body", () => {
  it("lies where the bins of the study file lie", () => {
    const { left, right } = bodyOutline(block(), projections(3), [0, Math.PI / 2, Math.PI]);
    const at = (view: number) => [left[view * 4 + 1], right[view * 4 + 1]];
    expect(at(0)).toEqual([0.5, 3.5]); // from behind (angle 0) u = -x: the patient's left is at small bins
    expect(at(1)).toEqual([2, 5]); // from the left u = y: front and back
    expect(at(2)).toEqual([3.5, 6.5]); // from the front u = x
  });

  it("is not there where the map has no body", () => {
    const { left } = bodyOutline(block(), projections(1), [0]);
    expect(Number.isNaN(left[0])).toBe(true);
    expect(Number.isNaN(left[3])).toBe(true);
  });
});
