import { eventually, freePort, makePdf } from "@docrelay/testkit";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCluster, type Cluster } from "../processes/cluster.ts";
import { sendFile } from "../side/file-sender.ts";
import { makePrivateFolder, startPrivate } from "../processes/private-process.ts";
import { openRelaySocket } from "../talkers/relay-socket.ts";

const DOCS = readFileSync(join(import.meta.dirname, "../../../../docs/metrics.md"), "utf8");
const CALL_MS = 40_000;
const ends = new AsyncDisposableStack();
let cluster: Cluster;
const admin = { edge: 0, worker: 0 };
let url = "";

beforeAll(async () => {
  cluster = ends.use(await startCluster({ edges: 0, workers: 0 }));
  const folder = ends.use(makePrivateFolder());
  [admin.edge, admin.worker] = [await freePort(), await freePort()];
  const shared = { REDIS_URL: cluster.redisUrl };
  const start = async (app: "edge" | "worker", env: Record<string, string>): Promise<number> => {
    const more = { env: { ...shared, ...env, ADMIN_PORT: String(admin[app]) }, folder };
    return ends.use(await startPrivate({ entry: `apps/${app}/src/main.ts`, ...more })).port;
  };
  await start("worker", { ENGINE_URL: cluster.engineUrl, ENGINE_REPLY: "stream" });
  url = `http://127.0.0.1:${await start("edge", { AUTH_MODE: "anonymous", PORT: "0" })}`;
});
afterAll(() => ends.disposeAsync());

/** Asks a question about a PDF, then opens the conversation again after its first event, and sends an invalid ask. */
async function use(): Promise<void> {
  const response = await fetch(new URL("/v1/session", url), { method: "POST" });
  const { token } = (await response.json()) as { token: string };
  const conversation = randomUUID();
  let first: { seq: number; nonce: string } | undefined;
  let over = false;
  const socket = await openRelaySocket({
    url,
    token,
    timeoutMs: CALL_MS,
    onEvent(name, payload) {
      const event = payload as { type: string; seq: number; nonce: string };
      if (name !== "event") return;
      first ??= { seq: event.seq, nonce: event.nonce };
      over ||= event.type === "completed";
    },
    onEnd: () => undefined,
  });
  const { upload } = await sendFile(socket, "a.pdf", makePdf({ pages: ["one", "two"] }), () => undefined);
  await socket.call("ask", { id: randomUUID(), conversation, message: "what is it?", files: [{ upload }] }, CALL_MS);
  await eventually(() => over, { timeoutMs: CALL_MS, what: "the answer" });
  await socket.call("conversation:open", { conversation, after: first }, CALL_MS);
  await socket.call("ask", { id: "not an id", conversation, message: "" }, CALL_MS);
  socket.close();
}

/** Returns the metrics that a process exposes: for each its type, its label names, and the sum of its values. */
async function scrape(port: number): Promise<Map<string, { type: string; labels: Set<string>; sum: number }>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const found = new Map<string, { type: string; labels: Set<string>; sum: number }>();
  for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (docrelay_\w+) (\w+)$/gm)) {
    const labels = new Set<string>();
    let sum = 0;
    const lines = text.matchAll(new RegExp(`^${name}(?:_count)?(?:\\{(.*)\\})? (\\S+)$`, "gm"));
    for (const [, pairs = "", value] of lines) {
      for (const [, label = ""] of pairs.matchAll(/(\w+)="/g)) labels.add(label);
      sum += Number(value);
    }
    found.set(name, { type, labels, sum });
  }
  return found;
}

it("counts what an ask with a PDF and a resume cause, and every metric is explained", async () => {
  await use();
  const edge = await scrape(admin.edge);
  const worker = await scrape(admin.worker);

  const positive = (from: typeof edge, ...names: string[]): void => {
    for (const name of names)
      expect([name, from.get(name)?.sum]).toEqual([name, expect.toSatisfy((sum) => Number(sum) > 0)]);
  };
  positive(edge, "docrelay_edge_events_total", "docrelay_edge_accept_seconds", "docrelay_edge_resumes_total");
  positive(edge, "docrelay_edge_replayed_events_total", "docrelay_edge_fan_out_messages_total");
  positive(worker, "docrelay_asks_ended_total", "docrelay_events_total", "docrelay_first_token_seconds");
  positive(worker, "docrelay_queue_wait_seconds", "docrelay_ask_seconds", "docrelay_engine_calls_total");
  positive(worker, "docrelay_extraction_seconds", "docrelay_extracted_pages_total", "docrelay_extractions_total");
  for (const name of ["docrelay_edge_uploads", "docrelay_edge_socket_buffer_bytes"]) expect(edge.has(name)).toBe(true);
  for (const name of ["docrelay_stale_appends_total", "docrelay_engine_calls_failed_total"])
    expect(worker.has(name)).toBe(true);

  // Label values come from fixed tables: with an id as a label, the number of series would have no bound.
  const labels = [...edge.values(), ...worker.values()].flatMap((metric) => [...metric.labels]);
  expect(new Set(labels)).toEqual(new Set(["event", "outcome", "why", "how", "type"]));
  // Metrics of times are histograms.
  for (const [name, { type }] of [...edge, ...worker])
    if (name.endsWith("_seconds")) expect([name, type]).toEqual([name, "histogram"]);
  // The table of the documentation lists exactly the metrics that exist.
  const explained = [...DOCS.matchAll(/^\| `(docrelay_\w+)`/gm)].map(([, name]) => name);
  expect(explained.toSorted()).toEqual([...edge.keys(), ...worker.keys()].toSorted());
});
