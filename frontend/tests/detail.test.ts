/** Why the line to the laboratory stands as it does: in German by the code, else as the daemon wrote it. */
import { afterEach, expect, it } from "vitest";

import { speak } from "@shared/i18n/language";

import { detailOf } from "../contributor/src/features/enrolment/words";

const connection = { code: "protocol.mismatch", detail: "this side speaks 2.0, the other 1.4" };

afterEach(() => speak("en"));

it("is the daemon's own in English", () => {
  expect(detailOf(connection)).toBe(connection.detail);
});

it("is German by its code, with the detail between", () => {
  speak("de");
  expect(detailOf(connection)).toBe("Die beiden Seiten sprechen verschiedene Versionen. This side speaks 2.0, the other 1.4. Aktualisieren Sie die ältere Seite; die Meldung nennt beide Versionen.");
});

it("is nothing where nothing is wrong, and the daemon's own where it has no code", () => {
  speak("de");
  expect(detailOf({ code: "protocol.mismatch", detail: "" })).toBe("");
  expect(detailOf({ code: "", detail: "From before." })).toBe("From before.");
});
