import { readText, writeText, type AskFile, type StoredText } from "@docrelay/channel";
import { expect, it } from "vitest";
import { useWorker } from "../../test/fixture.ts";
import { createTextCache } from "./text-cache.ts";
import { lookAtTexts } from "./texts.ts";

const at = useWorker();
const textOf = (page: string): StoredText => ({
  kind: "text",
  pages: [page],
  chars: page.length,
  missing: [],
  ocr: [],
  truncated: false,
  extractMs: 1,
});
const files = ["a", "b"].map((text) => ({ text, name: `${text}.pdf` }) as AskFile);

it("a cached text is not used after its file was extracted again and failed", async () => {
  const { store } = at;
  const deps = { store, texts: createTextCache((key) => readText(store, key), 1_000_000) };
  for (const key of ["a", "b"]) await writeText(store, key, textOf(key));
  expect(await lookAtTexts(deps, files)).toMatchObject({ kind: "ready", texts: [{ pages: ["a"] }, { pages: ["b"] }] });
  await store.redis.flushall();
  await writeText(store, "a", textOf("a"));
  await writeText(store, "b", { kind: "failed", code: "PDF_LIMIT_EXCEEDED", reason: "time", permanent: false });
  expect(await lookAtTexts(deps, files)).toEqual({
    kind: "failed",
    file: 1,
    failure: { code: "PDF_LIMIT_EXCEEDED", reason: "time" },
  });
  await writeText(store, "b", textOf("b, again"));
  expect(await lookAtTexts(deps, files)).toMatchObject({ kind: "ready", texts: [{}, { pages: ["b, again"] }] });
});
