import { eventually, makePdf } from "@docrelay/testkit";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startChild, type Child } from "./child-process.ts";
import { sharedCores } from "../../test/shared-cores.ts";

const children: Child[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});
function start(entry?: string): Child {
  const child = startChild("pdfium", sharedCores(), { entry });
  children.push(child);
  return child;
}
const UNASKED = join(import.meta.dirname, "../../test/unasked-child.ts");
const JOB = { password: undefined, engine: "pdfium", maxPages: 10, maxTextBytes: 10_000 } as const;
const bytes = makePdf({ pages: ["one", "two"] });
const never = new AbortController().signal;
const died = (child: Child) => eventually(() => !child.alive, { what: "the child's end" });

describe("a run of a child", () => {
  it.each([1, 2])("ends with its last report; one that comes after it kills the child (%s)", async (maxPages) => {
    const child = start(UNASKED);
    expect(await Array.fromAsync(child.run({ ...JOB, maxPages, bytes }, never))).toEqual([{ type: "done" }]);
    await died(child);
    expect(() => child.run({ ...JOB, bytes }, never)).toThrow("ended");
  });

  it("in which the child says again that it is ready kills it: each time would cost a process", async () => {
    const child = start(UNASKED);
    await expect(Array.fromAsync(child.run({ ...JOB, maxPages: 3, bytes }, never))).rejects.toThrow("ended");
    expect(child.alive).toBe(false);
  });

  it("that its consumer leaves kills the child", async () => {
    const child = start();
    for await (const report of child.run({ ...JOB, bytes }, never)) if (report.type === "opened") break;
    expect(child.alive).toBe(false);
  });

  it("that is aborted throws the reason and kills the child", async () => {
    const child = start();
    const cancel = new AbortController();
    const reports = child.run({ ...JOB, bytes }, cancel.signal);
    cancel.abort(new Error("enough"));
    await expect(Array.fromAsync(reports)).rejects.toThrow("enough");
    expect(child.alive).toBe(false);
  });

  it("is over for its signal, too: an abort after it is not the next run's", async () => {
    const child = start();
    const cancel = new AbortController();
    await Array.fromAsync(child.run({ ...JOB, bytes }, cancel.signal));
    const next = child.run({ ...JOB, bytes }, never);
    cancel.abort(new Error("enough"));
    expect(await Array.fromAsync(next)).toHaveLength(4);
    expect(child.alive).toBe(true);
  });

  it("is one at a time", async () => {
    const child = start();
    const first = child.run({ ...JOB, bytes }, never);
    expect(() => child.run({ ...JOB, bytes }, never)).toThrow("has a job already");
    expect(await Array.fromAsync(first)).toHaveLength(4);
  });

  it("throws when the child ends before it", async () => {
    const child = start();
    const reports = Array.fromAsync(child.run({ ...JOB, bytes }, never));
    child.kill();
    await expect(reports).rejects.toThrow("ended");
  });
});
