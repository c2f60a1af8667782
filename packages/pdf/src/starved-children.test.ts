import { makePdf } from "@docrelay/testkit";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { LIMITS } from "../test/limits.ts";
import { STALL, startObeying, work } from "../test/obeying.ts";
import { extractorOnSharedCores } from "../test/shared-cores.ts";
import type { Child } from "./children/child-process.ts";

const { signal } = new AbortController();
const STALL_MS = 1000;

// Other systems do not report a child's CPU time, so there the wall-clock time counts.
it.runIf(process.platform === "linux")("a child without a core keeps its time", async () => {
  let child: Child | undefined;
  await using extractor = extractorOnSharedCores(
    { engine: "pdfium", concurrency: 1, limits: { ...LIMITS, stallMs: STALL_MS } },
    (...of) => (child = startObeying(...of)),
  );
  const stopped = Promise.withResolvers<void>();
  const stop = (page: number): void => {
    if (page !== 1) return;
    process.kill(child?.pid ?? 0, "SIGSTOP");
    stopped.resolve();
  };
  const slow = makePdf({ pages: Array.from({ length: 6 }, () => work(50)) });
  const outcome = extractor.extract({ bytes: slow }, { signal, onPage: stop });
  await Promise.race([stopped.promise, outcome]);
  await sleep(2 * STALL_MS);
  process.kill(child?.pid ?? 0, "SIGCONT");
  expect(await outcome).toMatchObject({ kind: "text", missing: [] });
  // A file whose child really computes for longer than `stallMs` is refused.
  const stalled = await extractor.extract({ bytes: makePdf({ pages: [STALL] }) }, { signal });
  expect(stalled).toMatchObject({ code: "PDF_LIMIT_EXCEEDED", reason: "time" });
});
