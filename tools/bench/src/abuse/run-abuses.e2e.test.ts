import { afterAll, beforeAll, expect, it } from "vitest";
import type { Cluster } from "../processes/cluster.ts";
import { megabytes } from "./phase.ts";
import { runAbuses, startAbused } from "./run-abuses.ts";

/*
 * Asserts that an abuse from one address is refused, costs no other user an answer, and does not fill the memory.
 * Latencies are not asserted; `npm run abuse` measures them.
 */
const ABUSES = ["upload starts", "half messages", "cheap events", "pongs"];
/**
 * By how many MB the memory of an edge may grow: buffers in use, and buffers that are not collected yet, of which there
 * are more on busy cores.
 */
const EDGE_MB = 100;

let cluster: Cluster;
beforeAll(async () => {
  // A long timeout, because on busy cores a reply of Redis may be late without any abuse.
  cluster = await startAbused({ EDGE_REDIS_TIMEOUT_MS: "20000" });
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

it("abusers are refused, and honest users beside them are not", async () => {
  const wish = { abuses: ABUSES, honest: 4, pdfs: false, beforeMs: 500, duringMs: 3000, afterMs: 500 } as const;
  const rounds = await runAbuses(cluster, wish, new AbortController().signal, () => undefined);
  expect(rounds.map(({ abuse }) => abuse)).toEqual(ABUSES);
  for (const { abuse, during, after, lost, memoryBefore, memoryMost } of rounds) {
    expect([abuse, during.refused, after.refused, lost]).toEqual([abuse, {}, {}, 0]);
    expect(during.text.count).toBeGreaterThan(0);
    const grown = memoryMost.edges.map((most, index) => megabytes(most - (memoryBefore.edges[index] ?? 0)));
    expect(Math.max(...grown), `${abuse}: ${grown.join(", ")} MB`).toBeLessThan(EDGE_MB);
  }
  const [starts, , cheap] = rounds.map(({ seen }) => seen);
  expect(starts?.["RATE_LIMITED"]).toBeGreaterThan(10);
  expect(starts?.["ok"]).toBeLessThanOrEqual(64);
  expect(cheap?.["ok"]).toBeGreaterThan(0);
});
