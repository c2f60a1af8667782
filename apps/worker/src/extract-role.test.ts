import { expect, it } from "vitest";
import { readConfig } from "./config.ts";
import { profileOf } from "./extract-role.ts";

function profile(env: Record<string, string>): string {
  const parsed = readConfig({ REDIS_URL: "redis://127.0.0.1", WORKER_ROLES: "extract", ...env });
  if (!parsed.ok) throw new Error("the settings are wrong");
  return profileOf(parsed.config);
}

it("texts are kept apart by whatever makes them differ", () => {
  const profiles = [
    {},
    { EXTRACT_FORMAT: "markdown" },
    { PDF_ENGINE: "pdfium" },
    { OCR: "auto" },
    { OCR: "auto", OCR_LANGUAGES: "deu" },
    { OCR: "auto", OCR_FIGURES: "read" },
    { MAX_PAGES: "7" },
    { MAX_TEXT_BYTES: "2048" },
  ].map(profile);
  expect(new Set(profiles).size).toBe(profiles.length);
  expect(profile({ EXTRACT_FORMAT: "text" })).toBe(profiles[0]);
  expect(profile({ OCR_FIGURES: "read" }), "without OCR, no figure is read").toBe(profiles[0]);
});
