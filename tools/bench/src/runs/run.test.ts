import { describe, expect, it } from "vitest";
import { startStandIn, type Misdeeds } from "../../test/stand-in.ts";
import { readOptions, type Options } from "../options.ts";
import { figureOf, latencyIn, type Section } from "../report/result.ts";
import { run } from "./run.ts";

async function measure(kind: string, args: string, misdeeds: Misdeeds = {}): Promise<readonly Section[]> {
  await using relay = await startStandIn(misdeeds);
  const parsed = readOptions([kind, "--url", relay.url, "--warmup", "0", "--drain", "1", ...args.split(" ")]);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const options: Options = parsed.options;
  return (await run(options, () => undefined)).sections;
}
const numbers = (section: Section | undefined, ...names: string[]): number[] =>
  names.map((name) => figureOf(section, name));

describe("a run of asks", () => {
  it("answers for every ask, with its times and how late it was itself", async () => {
    const [section] = await measure("asks", "--rate 200 --duration 1 --users 20");
    expect(numbers(section, "asks", "answered", "lost", "duplicated", "gaps")).toEqual([200, 200, 0, 0, 0]);
    expect(figureOf(section, "events per answer")).toBe(3);
    expect(section?.latencies.map(({ name, count }) => [name, count])).toEqual([
      ["late", 200],
      ["ack", 200],
      ["first", 200],
      ["whole", 200],
    ]);
    expect(latencyIn(section, "whole", "p50")).toBeGreaterThanOrEqual(latencyIn(section, "late", "p50"));
  });

  it("counts what comes while it warms up in no figure", async () => {
    const [section] = await measure("asks", "--rate 100 --duration 1 --warmup 1 --users 20");
    expect(numbers(section, "asks", "answered", "events per answer")).toEqual([100, 100, 3]);
  });

  it("counts what was lost, came twice, was refused, and was missed live but is in the log", async () => {
    const [section] = await measure("asks", "--rate 50 --duration 1 --users 50 --count 50", {
      refuse: (index) => (index < 3 ? "BUSY" : undefined),
      lose: (index) => index === 10 || index === 11,
      twice: (index, part) => index === 20 && part === 1,
      // The terminal event of the ask with index 30 is not sent live: the reader finds it only in the log.
      skip: (index, part) => index === 30 && part === 2,
    });
    expect(section?.errors).toEqual({ BUSY: 3 });
    expect(numbers(section, "asks", "answered", "lost", "duplicated")).toEqual([50, 45, 2, 1]);
  });

  it("reads the log at once when a later event shows a gap", async () => {
    const [section] = await measure("asks", "--rate 20 --duration 1 --users 1", {
      skip: (index, part) => index === 5 && part === 2,
    });
    expect(numbers(section, "answered", "lost", "gaps")).toEqual([20, 0, 1]);
  });
});

describe("the other runs", () => {
  it("opens connections, and looks at a process's memory", async () => {
    const args = `--count 120 --at-once 16 --duration 1 --pid ${process.pid}`;
    const [section] = await measure("connections", args);
    expect(numbers(section, "connected", "ended while idle")).toEqual([120, 0]);
    expect(figureOf(section, "memory per connection")).not.toBeNaN();
    expect(section?.latencies[0]?.count).toBe(120);
  });

  it("keeps replies running for every user", async () => {
    const [section] = await measure("streams", "--users 5 --duration 1");
    const [asks = 0, answered, lost] = numbers(section, "asks", "answered", "lost");
    expect(asks).toBeGreaterThanOrEqual(10);
    expect([answered, lost]).toEqual([asks, 0]);
  });

  it.each(["uploads", "pdfs"])("sends %s beside text, and compares the text's times", async (kind) => {
    const args = "--rate 50 --users 20 --duration 1 --count 6 --at-once 3 --bytes 40000 --pages 2";
    const [alone, beside, files] = await measure(kind, args);
    expect(numbers(files, "files")).toEqual([6]);
    expect(figureOf(files, "held back")).toBeGreaterThan(0);
    for (const text of [alone, beside]) expect(figureOf(text, "answered")).toBe(figureOf(text, "asks"));
    expect(figureOf(beside, "first p99, times idle")).toBeGreaterThan(0);
    if (kind === "pdfs") expect(files?.latencies.map(({ name }) => name)).toEqual(["upload", "whole"]);
  });
});
