import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { licencesOf } from "./licences.ts";

const RESOLVED = createRequire(import.meta.url).resolve("rolldown");

it("each package is named once, with its licence's own words; sources of the project are left out", () => {
  const text = licencesOf([RESOLVED, RESOLVED, import.meta.filename]);
  expect(text).toMatch(/^rolldown \d+\.\d+\.\d+, "MIT"\n\n/);
  expect(text).toContain("Permission is hereby granted, free of charge");
  expect(text.split("-".repeat(80))).toHaveLength(1);
});
