import { makePdf } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { sharedCores } from "../../test/shared-cores.ts";
import { startChild } from "../children/child-process.ts";
import { createPool } from "../children/pool.ts";
import { NO_BACKWARD_READER, readBackwards } from "./backward-reader.ts";

const { signal } = new AbortController();
const onPage = (): void => undefined;
const PAGES = Array.from({ length: 12 }, (_, index) => `This is page ${index + 1}.`);
const JOB = {
  bytes: makePdf({ pages: PAGES }),
  password: undefined,
  engine: "pdfium",
  maxPages: 100,
  maxTextBytes: 10_000,
} as const;

describe("a long file", () => {
  it("gets the free child of a pool at once", async () => {
    let full = true;
    const coreWatch = { ...sharedCores(), coresAreFull: () => full };
    await using pool = createPool(1, () => startChild(JOB.engine, coreWatch), { coreWatch });
    pool.release(await pool.acquire(signal));
    full = false; // while the cores are full, the pool has no child to spare
    const reader = readBackwards({ pool, coreWatch, memoryBytes: Infinity, signal, onPage }, JOB, PAGES.length);
    expect(reader).not.toBe(NO_BACKWARD_READER);
    expect(pool.acquireSpare(() => undefined)).toBeUndefined();
  });
});
