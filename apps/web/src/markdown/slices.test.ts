import { afterEach, beforeEach, expect, it, vi } from "vitest";

let frames: Array<() => void>;
let now: number;
let ran: string[];
let reported: unknown[];
/** The module under test, imported anew for each test, so that each test has a queue of its own. */
let slices: typeof import("./slices.ts");

beforeEach(async () => {
  [frames, now, ran, reported] = [[], 0, [], []];
  vi.stubGlobal("performance", { now: () => now });
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => frames.push(run));
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
  vi.resetModules();
  slices = await import("./slices.ts");
});
afterEach(() => vi.unstubAllGlobals());

/** Runs frames until no frame is requested. */
function draw(): void {
  while (frames.length > 0) frames.shift()?.();
}
/** A job that takes the whole time of several frames. */
function long(name: string, times = 1): () => boolean {
  return () => {
    ran.push(name);
    now += 10;
    return --times <= 0;
  };
}

it("what is seen goes before what is not, also a job that waits already", () => {
  const { inSlices } = slices;
  const comes = long("far, then near");
  inSlices(long("begun", 2), false);
  inSlices(long("far"), false);
  inSlices(comes, false);
  inSlices(long("near"));
  inSlices(comes);
  inSlices(comes, false);
  draw();
  expect(ran).toEqual(["begun", "near", "far, then near", "begun", "far"]);
});

it("a job that throws is reported, and the others go on", () => {
  const { inSlices } = slices;
  inSlices(long("first"));
  inSlices(() => {
    throw new Error("mine");
  });
  inSlices(long("last"));
  draw();
  expect(ran).toEqual(["first", "last"]);
  expect(reported).toEqual([new Error("mine")]);
});

it("what comes after all jobs is called once none waits", () => {
  const { inSlices, afterSlices } = slices;
  afterSlices(() => ran.push("empty"));
  inSlices(long("one"));
  inSlices(long("two"), false);
  afterSlices(() => ran.push("after"));
  draw();
  expect(ran).toEqual(["empty", "one", "two", "after"]);
});
