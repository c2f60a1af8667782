import { enterSandbox } from "../src/child/sandbox.ts";

/* A child that is stuck with its first file: it reads no more messages. */

enterSandbox();
process.once("message", () => {
  process.send?.({ type: "opened", pages: 1 }, () => {
    for (;;);
  });
});
process.send?.({ type: "ready" });
