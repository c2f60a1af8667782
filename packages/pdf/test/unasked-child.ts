import { enterSandbox } from "../src/child/sandbox.ts";

/* A child that reports once more after its job is over, at once or a little later, or says in its job that it is ready. */

enterSandbox();
const unasked = { type: "page", page: 1, text: "of the file before", scan: false };
process.on("message", ({ maxPages }: { maxPages: number }) => {
  if (maxPages === 3) process.send?.({ type: "ready" });
  process.send?.({ type: "done" });
  if (maxPages === 1) process.send?.(unasked);
  else setTimeout(() => process.send?.(unasked), 100);
});
process.send?.({ type: "ready" });
