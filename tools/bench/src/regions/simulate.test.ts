import { describe, expect, it } from "vitest";
import { askUs } from "./costs.ts";
import { regionsOf } from "./place.ts";
import { simulate, type Region, type Scenario } from "./simulate.ts";

const region = (name: string, more: Partial<Region> = {}): Region => ({
  name,
  weight: 1,
  cores: 8,
  redisMasters: 1,
  ...more,
});
const scenario = (more: Partial<Scenario> = {}): Scenario => ({
  regions: [region("a"), region("b"), region("c")],
  users: 300_000,
  secondsBetweenAsks: 600,
  answerS: 5,
  deadlineS: 120,
  copyLagS: 2,
  moveS: 20,
  lastsS: 300,
  seed: 1,
  ...more,
});

describe("users", () => {
  const users = Array.from({ length: 3000 }, (_, n) => `user ${n}`);
  const three = [region("a"), region("b"), region("c", { weight: 2 })];

  it("are pinned by their hash, in proportion to the weights", () => {
    const count = (name: string): number => users.filter((user) => regionsOf(user, three)[0]?.name === name).length;
    expect(count("a") / 3000).toBeCloseTo(0.25, 1);
    expect(count("c") / 3000).toBeCloseTo(0.5, 1);
  });

  it("stay where they are when a region is added, but for those who come to it", () => {
    const more = [...three, region("d")];
    for (const user of users) {
      const [now, before] = [regionsOf(user, more)[0], regionsOf(user, three)[0]];
      if (now?.name !== "d") expect(now).toEqual(before);
    }
  });
});

describe("regions", () => {
  it("answer all that is asked while they have cores for it", () => {
    const { asked, answered, running, expired, regions } = simulate(scenario());
    expect(asked / 300).toBeCloseTo(500, -2);
    expect(answered + running).toBe(asked);
    expect(expired).toBe(0);
    expect(Math.max(...regions.map(({ longestWaitS }) => longestWaitS))).toBe(0);
  });

  it("take over the users of a lost one, whose running asks go on when it is back", () => {
    const outage = { region: "a", fromS: 100, toS: 160 };
    const { asked, answered, running, expired, notCopied, regions } = simulate(scenario({ outage }));
    expect(answered + running + expired).toBe(asked);
    expect(expired).toBe(0);
    expect(notCopied).toBeGreaterThan(0);
    const [, b, c] = regions;
    expect((b?.peakConnections ?? 0) + (c?.peakConnections ?? 0)).toBeCloseTo(300_000, -3);
  });

  it("end what was running by its deadline, if the region stays away for longer", () => {
    const { asked, answered, running, expired } = simulate(scenario({ outage: { region: "a", fromS: 100, toS: 260 } }));
    expect(expired).toBeGreaterThan(0);
    expect(answered + running + expired).toBe(asked);
  });

  it("make asks wait where they have too few cores", () => {
    const few = simulate(scenario({ regions: [region("a", { cores: 0.1 })] }));
    expect(few.regions[0]?.longestWaitS).toBeGreaterThan(10);
  });
});

describe("the simulation with the CPU that the bench used", () => {
  it("has asks waiting above the bench's maximum rate, and none below it", () => {
    const rates = [1000, 1500, 2000, 2500, 3000];
    const waits = rates.map((rate) => {
      const regions = [region("one", { cores: (2391 * 647) / 1e6 })];
      return simulate(scenario({ regions, users: rate * 600 })).regions[0]?.longestWaitS ?? 0;
    });
    expect(waits.map((wait) => wait > 1)).toEqual([false, false, false, true, true]);
  });

  it("takes the CPU of an ask at both measured rates for granted", () => {
    expect(askUs(400)).toBeCloseTo(1750, 0);
    expect(askUs(2391)).toBeCloseTo(647, 0);
  });
});
