const PARENT_EVERY_MS = 500;

/**
 * Resolves when this process is to end: SIGINT, SIGTERM, or its parent has gone. A parent that was killed sends
 * nothing, and `npm` does not pass signals on; so with `watchParent` the parent's pid is looked at twice a second.
 */
export function untilSignal(of: { watchParent?: boolean } = {}): Promise<"SIGINT" | "SIGTERM" | "parent-gone"> {
  return new Promise((resolve) => {
    // For good, not once: Ctrl-C reaches a whole group of processes, and a launcher passes it on besides. A second
    // signal must not cut the end short that the first one began.
    process.on("SIGINT", () => resolve("SIGINT"));
    process.on("SIGTERM", () => resolve("SIGTERM"));
    if (!of.watchParent) return;
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      resolve("parent-gone");
    }, PARENT_EVERY_MS);
    timer.unref();
  });
}
