import { afterEach, beforeEach, expect, it, vi } from "vitest";

type Entry = Pick<IntersectionObserverEntry, "target" | "isIntersecting">;

const parser = vi.hoisted(() => ({ settle: (): void => undefined }));
vi.mock("./parser.ts", () => ({
  loadParser: async () => new Promise<void>((resolve) => (parser.settle = resolve)),
}));

let idle: Array<() => void>;
let frames: Array<() => void>;
let look: (entries: readonly Entry[]) => void;
let told: string[];
let near: typeof import("./near.ts");
let slices: typeof import("./slices.ts");

beforeEach(async () => {
  [idle, frames, told] = [[], [], []];
  const ask = (run: () => void): number => idle.push(run);
  vi.stubGlobal("window", { requestIdleCallback: ask });
  vi.stubGlobal("requestIdleCallback", ask);
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => frames.push(run));
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(tell: typeof look) {
        look = tell;
      }
      observe(): void {}
      unobserve(): void {}
    },
  );
  vi.resetModules();
  near = await import("./near.ts");
  slices = await import("./slices.ts");
});
afterEach(() => vi.unstubAllGlobals());

/** Observes elements of a page; `where` says which of them the observer reports as intersecting. */
function page(...where: boolean[]): void {
  const entries = where.map((isIntersecting, index) => {
    const target = { isConnected: true } as Element;
    near.whenNear(target, (nearness) => told.push(`${index} ${nearness}`));
    return { target, isIntersecting };
  });
  look(entries);
}
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

it("draws far elements one by one from the end, once the parser is there and nothing else is to be drawn", async () => {
  page(false, false, true);
  expect(told.splice(0)).toEqual(["2 near", "1 far", "0 far"]);
  await settled();
  expect(idle).toEqual([]);

  let isDone = false;
  slices.inSlices(() => isDone);
  parser.settle();
  await settled();
  expect(idle).toEqual([]);

  isDone = true;
  frames.shift()?.();
  for (const one of ["1 idle", "0 idle"]) {
    expect(idle).toHaveLength(1);
    idle.shift()?.();
    expect(told.splice(0)).toEqual([one]);
    await settled();
  }
  expect(idle).toEqual([]);
});
