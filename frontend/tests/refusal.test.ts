/** Why a file became no study: German by the code of what read it, with the reader's own detail. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, expect, it } from "vitest";

import { speak } from "@shared/i18n/language";
import { problemsDe } from "@shared/i18n/problems.de";

import { refusalOf } from "../contributor/src/features/intake/refusal";
import { readersDe } from "../contributor/src/i18n/readers.de";

const root = join(import.meta.dirname, "..", "..", "model");
const readers = [...readdirSync(join(root, "io"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".py")).map((name) => join("io", name)), "intake.py", "intake_job.py", "samples.py"];
const CODE = /"((?:attenuation|dicom|import|interfile|nifti|sample|study)\.[a-z_]+)"/g;

afterEach(() => speak("en"));

it("has every code that a reader gives", () => {
  const codes = new Set(readers.flatMap((name) => [...readFileSync(join(root, name), "utf8").matchAll(CODE)].map(([, code = ""]) => code)));
  expect(codes.size).toBeGreaterThan(80);
  expect([...codes].filter((code) => !(code in readersDe) && !(code in problemsDe))).toEqual([]);
  expect(Object.keys(readersDe).filter((code) => !codes.has(code) || code in problemsDe)).toEqual([]);
});

it("says what happened and what to do in whole sentences", () => {
  expect(Object.entries(readersDe).filter(([, { title, advice }]) => ![title, advice].every((text) => /^[A-ZÄÖÜ].*\.$/.test(text)))).toEqual([]);
});

it("is in English as the reader says it", () => {
  expect(refusalOf({ code: "dicom.transmission", detail: "the file is a transmission scan", advice: "" })).toBe("The file is a transmission scan.");
});

it("is in German by its code, with the detail between", () => {
  speak("de");
  const file = { code: "dicom.truncated", detail: "the pixel data have 3 bytes, the header says 9", advice: "Copy it again" };
  expect(refusalOf(file)).toBe("Die Bilddaten sind kürzer, als der Kopf sagt. The pixel data have 3 bytes, the header says 9. Kopieren Sie die Datei erneut aus ihrer Quelle.");
  expect(refusalOf({ ...file, code: "later.code" })).toBe("The pixel data have 3 bytes, the header says 9. Copy it again.");
});
