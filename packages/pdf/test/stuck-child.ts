import { enterSandbox } from "../src/child/sandbox.ts";

/* A child that is stuck with its first file: it hears nothing any more. */

enterSandbox();
process.once("message", () => {
  process.send?.({ type: "opened", pages: 1 }, () => {
    for (;;);
  });
});
process.send?.({ type: "ready" });
