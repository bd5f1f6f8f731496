/** Why a reconstruction failed: in the reader's language where the cause has a code, as it was written where it has none. */
import { render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";

import { speak } from "@shared/i18n/language";

import { Why } from "../contributor/src/features/reconstructions/components/Why";

const problem = { code: "study.unusable", title: "This study cannot be used.", detail: "no counts", advice: "Export it again." };
const shown = (one: typeof problem) => render(<Why problem={one} />).container.textContent;

afterEach(() => speak("en"));

it("is in English as the daemon says it", () => {
  expect(shown(problem)).toBe("This study cannot be used.No counts.Export it again.");
});

it("is in German by its code, with the detail between", () => {
  speak("de");
  expect(shown(problem)).toBe("Diese Studie kann nicht verwendet werden.No counts.Die Meldung sagt, was und wo; exportieren Sie die Studie erneut.");
});

it("keeps the sentence of an earlier version, which had no code", () => {
  speak("de");
  expect(shown({ code: "", title: "", detail: "the disk said no", advice: "" })).toBe("The disk said no.");
});
