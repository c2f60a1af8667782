import type { Child } from "./child-process.ts";
import { coresAreFull, watchStarving } from "./starving.ts";

/**
 * Lends children, one file each at a time; a child that was hurt is replaced at once, and so is one that would starve, or
 * need not go before others any more.
 */
export interface Pool extends AsyncDisposable {
  /** Waits for a child that is free and ready. */
  take(signal: AbortSignal): Promise<Child>;
  /** `fit`: it may serve again. Else it is killed and another one warmed in its place. */
  give(child: Child, fit: boolean): void;
  /** A child that nobody wants now, if there is one. It is called for when somebody does. */
  spare(recall: () => void): Child | undefined;
}

/** A child that has read so many files is replaced: libraries leak. */
const FILES_PER_CHILD = 200;
const START_MS = 15_000;
/** A free child that holds more than this is replaced. */
const FREE_MEMORY_BYTES = 350 * 1024 * 1024;

export function createPool(size: number, start: () => Child, filesPerChild = FILES_PER_CHILD): Pool {
  const free: Child[] = [];
  const files = new Map<Child, number>();
  const ready = new WeakSet<Child>();
  const recalls = new Map<Child, () => void>();
  const waiting: Array<() => void> = [];
  let closed = false;

  function add(): void {
    const child = start();
    child.ready.then(
      () => ready.add(child),
      () => undefined,
    );
    files.set(child, 0);
    free.push(child);
  }
  function drop(child: Child): void {
    files.delete(child);
    child.kill();
  }
  for (let count = 0; count < size; count++) add();

  return {
    async take(signal) {
      while (true) {
        // What woke us is then for the next one.
        if (signal.aborted && free.length > 0) waiting.shift()?.();
        signal.throwIfAborted();
        if (closed) throw new Error("the extractor is closed");
        const child = free.shift();
        if (!child) {
          for (const recall of recalls.values()) recall();
          await turn(signal);
          continue;
        }
        if (child.patient && coresAreFull()) {
          drop(child);
          add();
          continue;
        }
        try {
          if (!ready.has(child)) await started(child);
          else if (!child.alive) throw new Error("the child died");
          return child;
        } catch {
          drop(child);
          // A machine that cannot start one now may later: not in a tight loop.
          await new Promise((resolve) => setTimeout(resolve, 200));
          if (!closed) add();
        }
      }
    },
    spare(recall) {
      if (waiting.length > 0 || coresAreFull()) return undefined;
      const index = free.findIndex((child) => child.alive && ready.has(child));
      const [child] = index < 0 ? [] : free.splice(index, 1);
      if (child) recalls.set(child, recall);
      return child;
    },
    give(child, fit) {
      recalls.delete(child);
      const count = (files.get(child) ?? 0) + 1;
      files.set(child, count);
      const priority = child.patient || coresAreFull();
      const again = fit && priority && child.alive && count < filesPerChild && child.memory() < FREE_MEMORY_BYTES;
      if (again && !closed) free.push(child);
      else {
        drop(child);
        if (!closed) add();
      }
      waiting.shift()?.();
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const child of files.keys()) child.kill();
      for (const go of waiting.splice(0)) go();
    },
  };

  function turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        signal.removeEventListener("abort", go);
        const index = waiting.indexOf(go);
        if (index >= 0) waiting.splice(index, 1);
        resolve();
      };
      waiting.push(go);
      signal.addEventListener("abort", go, { once: true });
    });
  }
}

async function started(child: Child): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("the child did not start")), START_MS);
  });
  const full = watchStarving(child, () => child.kill());
  await Promise.race([child.ready, late]).finally(() => {
    clearTimeout(timer);
    full();
  });
  if (!child.alive) throw new Error("the child died");
}
