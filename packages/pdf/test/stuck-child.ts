import { enterSandbox } from "../src/child/sandbox.ts";

/* A child that hangs as soon as it gets a file, and then reads no more messages. */

enterSandbox();
process.once("message", () => {
  process.send?.({ type: "opened", pages: 1 }, () => {
    for (;;);
  });
});
process.send?.({ type: "ready" });
