import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCompareOptions } from "../compare/compare-options.ts";
import { runComparison, type Comparison } from "../compare/compare.ts";
import { startCluster, type Cluster } from "../processes/cluster.ts";
import { readOptions } from "../options.ts";
import { figureOf, latencyIn, type Section } from "../report/result.ts";
import { run } from "./run.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ edges: 2 });
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function measure(args: string): Promise<readonly Section[]> {
  const urls = cluster.urls.flatMap((url) => ["--url", url]);
  const parsed = readOptions([...args.split(" "), "--warmup", "0", ...urls]);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return (await run(parsed.options, () => undefined)).sections;
}
/** Expects that every ask of a section was answered once. */
function expectAnswered(section: Section | undefined): void {
  const asks = figureOf(section, "asks");
  expect(asks).toBeGreaterThan(0);
  expect([section?.errors, figureOf(section, "answered")]).toEqual([{}, asks]);
  for (const name of ["lost", "unacknowledged", "duplicated"])
    expect([name, figureOf(section, name)]).toEqual([name, 0]);
}

describe("against two real edges", () => {
  it.each(["socketio", "plain"])(
    "asks over %s are all answered, and the relay's part is told from the engine's",
    async (protocol) => {
      const [section] = await measure(`asks --rate 20 --duration 2 --protocol ${protocol}`);
      expectAnswered(section);
      const parts = latencyIn(section, "up", "p50") + latencyIn(section, "down", "p50");
      expect(latencyIn(section, "first added", "p50")).toBeGreaterThan(0);
      expect(parts).toBeGreaterThan(0);
    },
  );

  it("replies run for every user", async () => {
    const [section] = await measure("streams --users 5 --duration 2");
    expectAnswered(section);
  });

  it("connections are opened and stay", async () => {
    const [section] = await measure("connections --count 200 --duration 1");
    expect(["connected", "ended while idle"].map((name) => figureOf(section, name))).toEqual([200, 0]);
  });

  it.each(["uploads", "pdfs"])("%s are stored beside text", async (kind) => {
    const args = "--rate 5 --duration 2 --count 4 --at-once 2 --bytes 300000 --pages 3";
    const [alone, beside, files] = await measure(`${kind} ${args}`);
    expectAnswered(alone);
    expectAnswered(beside);
    expect(files?.errors).toEqual({});
    // All uploads are sent, however long that takes; PDFs are begun for the duration, so busy cores get fewer done.
    const sent = figureOf(files, "files");
    if (kind === "uploads") expect(sent).toBe(4);
    else expect(sent).toSatisfy((count: number) => count >= 1 && count <= 4);
  });
});

it("a comparison measures this checkout, the engine alone and a bare relay, and divides within the round", async () => {
  const args = "--relay --rows asks --rounds 1 --rate 20 --duration 1 --warmup 1".split(" ");
  const folder = await mkdtemp(join(tmpdir(), "docrelay-bench-"));
  try {
    const json = join(folder, "a.json");
    const options = { ...readCompareOptions(args), aof: folder, json };
    const text = await runComparison(options, () => undefined, new AbortController().signal);
    expect(text).toMatch(/this checkout +bare relay +direct +this ÷ bare relay\n/);
    const { rows, problems } = JSON.parse(await readFile(json, "utf8")) as Comparison;
    expect(problems).toEqual([]);
    const round = rows[0]?.rounds[0] ?? {};
    for (const system of ["direct", "this checkout", "bare relay"])
      expect(round[system]).toMatchObject({ "answered (%)": 100, duplicated: 0 });
    // The bare relay stores nothing in Redis: it only publishes.
    expect(round["bare relay"]).toMatchObject({ "Redis scripts an ask": 0 });
    expect(round["this checkout"]?.["Redis scripts an ask"]).toBeGreaterThan(1);
    expect(await readdir(folder)).toEqual(["a.json"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
