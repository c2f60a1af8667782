import { enterSandbox } from "../src/child/sandbox.ts";

/* A child that reports once more after its job is over, a little later or at once. */

enterSandbox();
const unasked = { type: "page", page: 1, text: "of the file before", scan: false };
process.on("message", ({ maxPages }: { maxPages: number }) => {
  process.send?.({ type: "done" });
  if (maxPages === 1) process.send?.(unasked);
  else setTimeout(() => process.send?.(unasked), 100);
});
process.send?.({ type: "ready" });
