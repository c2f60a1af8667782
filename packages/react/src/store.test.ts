import { expect, it, vi } from "vitest";
import { createStore } from "./store.ts";

/** A store of a number. The test sets the number and draws the frames. */
function numbers() {
  const due = new Set<() => void>();
  let now = 0;
  let attached = (): void => undefined;
  const attach = vi.fn((changed: () => void) => void (attached = changed));
  const store = createStore({ frame: (run) => due.add(run), server: -1, read: () => now, attach });
  return {
    store,
    attach,
    set(next: number) {
      now = next;
      attached();
    },
    draw() {
      const runs = [...due];
      due.clear();
      for (const run of runs) run();
      return runs.length;
    },
  };
}

it("a component that renders and is thrown away listens to nothing", () => {
  const { store, attach, set, draw } = numbers();
  expect(store.get()).toBe(0);
  set(1);
  expect(store.get()).toBe(1);
  expect(attach).not.toHaveBeenCalled();
  expect(draw()).toBe(0);
});

it("all components are told once a frame, and until then all see the same", () => {
  const { store, set, draw } = numbers();
  const [one, other] = [vi.fn(), vi.fn()];
  store.subscribe(one);
  const stop = store.subscribe(other);
  set(1);
  set(2);
  expect([store.get(), one.mock.calls.length]).toEqual([0, 0]);
  expect(draw()).toBe(1);
  expect([store.get(), one.mock.calls.length, other.mock.calls.length]).toEqual([2, 1, 1]);
  stop();
  set(3);
  draw();
  expect([one.mock.calls.length, other.mock.calls.length]).toEqual([2, 1]);
});

it("what changes while no component listens is there when one does", () => {
  const { store, set } = numbers();
  store.subscribe(() => undefined)();
  set(5);
  expect(store.get()).toBe(5);
  set(6);
  store.subscribe(() => undefined);
  expect(store.get()).toBe(6);
  expect(store.server).toBe(-1);
});

it("the same listener may be added twice, as StrictMode does", () => {
  const { store, set, draw } = numbers();
  const listener = vi.fn();
  const stop = store.subscribe(listener);
  store.subscribe(listener);
  stop();
  set(1);
  draw();
  expect(listener).toHaveBeenCalledTimes(1);
});
