import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { request } from "@shared/api/client";
import { z } from "@shared/zod";

const assign = vi.fn();
const answers = vi.fn<(path: string, init: RequestInit) => Response>();
const problem = (code: string, status: number) => Response.json({ title: "No", status, code }, { status });

beforeEach(() => {
  vi.stubGlobal("location", { pathname: "/sites", assign });
  vi.stubGlobal("fetch", (address: string, init: RequestInit) => Promise.resolve(answers(address, init)));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetAllMocks();
});

it("leads who is signed in no more to the sign-in page", async () => {
  answers.mockReturnValue(problem("auth.required", 401));
  await expect(request("/me", z.unknown())).rejects.toMatchObject({ body: { code: "auth.required" } });
  expect(assign).toHaveBeenCalledExactlyOnceWith("/login");
});

it("asks for a new token after one of an earlier sign-in was refused", async () => {
  let valid = "first";
  answers.mockImplementation((address, { headers }) => {
    if (address.endsWith("/me")) return Response.json({ csrf: valid, version: "1" });
    return new Headers(headers).get("X-Flomir-CSRF") === valid ? Response.json({}) : problem("auth.csrf", 403);
  });
  await request("/me/seen", z.unknown(), "POST");
  valid = "second";
  await expect(request("/me/seen", z.unknown(), "POST")).rejects.toMatchObject({ body: { code: "auth.csrf" } });
  await request("/me/seen", z.unknown(), "POST");
  expect(assign).not.toHaveBeenCalled();
});
