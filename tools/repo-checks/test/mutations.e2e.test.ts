import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyRepository, mutate, runTests, type Mutation, type Outcome } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** Each mutation breaks a line for which no test failed in the past, although a test claimed to check it. */
describe("a test that names a promise fails when the line that keeps it is broken", { timeout: 400_000 }, () => {
  let copy = "";
  let sound: ReadonlyMap<Mutation, Outcome>;
  beforeAll(async () => {
    copy = await copyRepository(ROOT);
    sound = await runTests(copy, MUTATIONS);
  }, 300_000);
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it.each(MUTATIONS)("$name", async (mutation) => {
    expect(sound.get(mutation)?.failed).toEqual([]);
    expect(sound.get(mutation)?.passed.length).toBeGreaterThan(0);
    const restore = mutate(copy, mutation);
    try {
      const broken = await runTests(copy, [mutation]);
      expect(broken.get(mutation)?.failed.length).toBeGreaterThan(0);
    } finally {
      restore();
    }
  });
});
