import { enterSandbox } from "../src/child/sandbox.ts";

/*
 * A child that does what it must not do: it sends a report after its job has ended, at once or a little later, or it
 * sends `ready` while it has a job.
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
