import { enterSandbox } from "../src/child/sandbox.ts";

/*
 * A child that sends a report after its job has ended, at once or a little later, or that sends `ready` within a job:
 * all of these are forbidden.
 */

enterSandbox();
const unasked = { type: "page", page: 1, text: "of the file before", scan: false };
process.on("message", ({ maxPages }: { maxPages: number }) => {
  if (maxPages === 3) process.send?.({ type: "ready" });
  process.send?.({ type: "done" });
  if (maxPages === 1) process.send?.(unasked);
  else setTimeout(() => process.send?.(unasked), 100);
});
process.send?.({ type: "ready" });
