/** Arrays as the daemon sends them: little-endian float32 with shape and spacing in headers. */
import { BASE_URL, refused } from "@shared/api/client";
import { ProblemError } from "@shared/api/problem";
import type { Volume } from "@shared/viewer/volume";

function triple(header: string | null): [number, number, number] | null {
  const parts = (header ?? "").split(",").map(Number);
  const [a, b, c] = parts;
  if (parts.length !== 3 || a === undefined || b === undefined || c === undefined) return null;
  return parts.every((part) => Number.isFinite(part) && part > 0) ? [a, b, c] : null;
}

/** Read one array; raises ProblemError when bytes and shape do not agree. */
export async function fetchVolume(path: string, signal?: AbortSignal): Promise<Volume> {
  const response = await fetch(`${BASE_URL}${path}`, { credentials: "same-origin", signal: signal ?? null });
  if (!response.ok) {
    const problem: unknown = await response.json().catch(() => null);
    throw refused(problem, response.status);
  }
  const shape = triple(response.headers.get("X-Flomir-Shape"));
  const spacing = triple(response.headers.get("X-Flomir-Spacing")) ?? [1, 1, 1];
  const bytes = await response.arrayBuffer();
  if (shape === null || shape[0] * shape[1] * shape[2] * 4 !== bytes.byteLength) {
    throw new ProblemError({
      title: "The image does not have its announced size.",
      status: 200,
      detail: `shape ${shape?.join(" x ") ?? "unknown"}, ${bytes.byteLength} bytes`,
      code: "page.array_size",
      advice: "Reload the page.",
      retryable: true,
    });
  }
  return { shape, spacing, data: readFloats(bytes) };
}

function readFloats(bytes: ArrayBuffer): Float32Array {
  const view = new DataView(bytes);
  const values = new Float32Array(bytes.byteLength / 4);
  for (let index = 0; index < values.length; index += 1) values[index] = view.getFloat32(index * 4, true);
  return values;
}
