import { describe, expect, it } from "vitest";
import { check } from "../check/checker.ts";
import type { Entry } from "../history.ts";
import { readOptions, type Options } from "../options.ts";
import { shortfalls, summarize } from "./summary.ts";
import { drawTimeline } from "./timeline.ts";

const META: Entry = { t: 0, kind: "meta", seed: 9, attempts: 3, deadlineMs: 60_000, faults: "none" };
const read = (...args: string[]): Options => {
  const options = readOptions(args, 9);
  if (options === "help") throw new Error("help");
  return options;
};

describe("options", () => {
  it("are a smoke run with a seed of its own unless said otherwise", () => {
    expect(read()).toMatchObject({
      seconds: 120,
      seed: 9,
      edges: 3,
      workers: 3,
      floor: { acked: 1500, redisKills: 3 },
    });
    expect(read("--soak", "--seed", "4")).toMatchObject({ seconds: 900, seed: 4, floor: { edgeKills: 10 } });
    expect(read("--seconds", "20")).toMatchObject({ seconds: 20, floor: { acked: 1, workerKills: 0 } });
  });
  it.each([["--seed", "x"], ["--users", "-1"], ["--nonsense"]])("refuse %s %s", (...args) => {
    expect(() => read(...args)).toThrow();
  });
});

describe("a summary", () => {
  it("fails a run that broke or asked less than it was to, though nothing was found", () => {
    const verdict = check([META]);
    expect(verdict.pass).toBe(true);
    expect(shortfalls(verdict, read())).toHaveLength(4);
    expect(summarize(verdict, read()).at(-1)).toBe("FAIL");
    expect(
      summarize(verdict, { ...read(), floor: { acked: 0, edgeKills: 0, workerKills: 0, redisKills: 0 } }).at(-1),
    ).toBe("PASS");
  });
  it("names what was found, and the seed", () => {
    const lines = summarize(check([META, { t: 9, kind: "leftover", key: "{s00}:due" }]), read()).join("\n");
    expect(lines).toContain("seed 9");
    expect(lines).toContain("LEAK {s00}:due");
    expect(lines).toContain("LOST 0 / TWO-ENDS 0 / DUP-APPLIED 0 / GAPS 0 / CROSS-USER 0");
  });
});

describe("a timeline", () => {
  it("shows what was broken and how long people waited, and needs nothing else", () => {
    const page = drawTimeline(
      [
        META,
        { t: 900, kind: "fault", fault: "kill edge", target: "edge-1", forMs: 500 },
        { t: 1000, kind: "recovered", user: "u1", tab: "u1.1", lostMs: 40, catchUpMs: 8 },
      ],
      "a run",
    );
    expect(page).toContain("kill edge edge-1 at 400 ms for 500 ms");
    expect(page.match(/<circle/g)).toHaveLength(1);
    expect(page).not.toMatch(/(?:src|href)=/);
  });

  it("escapes what it is told", () => {
    const fault = { t: 900, kind: "fault", fault: "</title><b>", target: "<b>", forMs: 500 } as const;
    expect(drawTimeline([META, fault], "<b>")).not.toMatch(/<b>|<\/title><b>/);
  });
});
