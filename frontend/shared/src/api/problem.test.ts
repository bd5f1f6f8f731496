import { describe, expect, it } from "vitest";

import { isGone, parseProblem, toProblem } from "@shared/api/problem";

describe("problems", () => {
  it("keeps sentence, advice and code of a problem+json body", () => {
    const error = parseProblem(
      { type: "about:blank", title: "This invitation has expired.", status: 410, detail: "", code: "invitation.expired", advice: "Ask for a new one.", request_id: "r1", retryable: false },
      410,
    );
    expect(toProblem(error)).toMatchObject({ title: "This invitation has expired.", code: "invitation.expired", advice: "Ask for a new one." });
  });

  it("says so when an answer is not understood, and keeps its status", () => {
    expect(toProblem(parseProblem("<html>", 502))).toMatchObject({ status: 502, code: "page.unreadable_answer", retryable: true });
  });

  it("tells a lost connection from a fault of the page", () => {
    expect(toProblem(new TypeError("Failed to fetch")).code).toBe("page.unreachable");
    expect(toProblem(new Error("x is undefined")).code).toBe("page.error");
  });
});

describe("what a page is about", () => {
  const query = (data: unknown, status?: number) => ({ data, isError: status !== undefined, error: status === undefined ? null : parseProblem({ title: "t", status }, status) });

  it("is gone when it was removed or never was, not while it loads or nobody answers", () => {
    expect([query(null), query(undefined, 404), query({ id: "a" }, 404)].map(isGone)).toEqual([true, true, true]);
    expect([query(undefined), query(undefined, 503), query({ id: "a" })].map(isGone)).toEqual([false, false, false]);
  });
});
