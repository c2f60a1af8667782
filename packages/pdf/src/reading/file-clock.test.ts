import { describe, expect, it } from "vitest";
import { hasTimeLeft, isLate, nextChild, nextPage, startClock } from "./file-clock.ts";

const TIMES = { stallMs: 10_000, timeoutMs: 60_000 };
const read = (now: number) => ({ now, lost: false });

describe("the clock of a file", () => {
  it("gives each page its time, from the child's beginning or the page before it", () => {
    const clock = startClock(TIMES, 100);
    expect(isLate(clock, 10_100)).toBe(false);
    expect(isLate(clock, 10_101)).toBe(true);
    expect(isLate(nextPage(clock, TIMES, read(9000)), 19_000)).toBe(false);
    expect(isLate(nextPage(clock, TIMES, { now: 9000, lost: true }), 19_001)).toBe(true);
  });

  it("is up for the whole file, however quick its pages are", () => {
    const clock = nextPage(startClock(TIMES, 0), TIMES, read(59_999));
    expect(isLate(clock, 60_000)).toBe(false);
    expect(isLate(clock, 60_001)).toBe(true);
  });

  it("shares 1.3 stalls among the children that try the same page, the wait for them included", () => {
    const clock = nextChild(nextPage(startClock(TIMES, 0), TIMES, read(1000)), TIMES, 9000);
    expect(isLate(clock, 14_000)).toBe(false);
    expect(isLate(clock, 14_001)).toBe(true);
  });

  it("counts a lost page for no new share: the next child tries it again", () => {
    const clock = nextPage(startClock(TIMES, 0), TIMES, { now: 9000, lost: true });
    expect(hasTimeLeft(clock, TIMES, 12_499)).toBe(true);
    expect(hasTimeLeft(clock, TIMES, 12_500)).toBe(false);
  });

  it("has no time left for another child in the file's last half second", () => {
    const clock = nextPage(startClock(TIMES, 0), TIMES, read(59_000));
    expect(hasTimeLeft(clock, TIMES, 59_499)).toBe(true);
    expect(hasTimeLeft(clock, TIMES, 59_500)).toBe(false);
  });
});
