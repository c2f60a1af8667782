import { expect, it } from "vitest";
import { quotaInWords } from "./quota-line.ts";

const NOTHING = { asks: 0, bytes: 0, pages: 0 };
const resetAt = new Date(2026, 0, 2, 1, 0).getTime();

it("the day's quota is spoken of when little of it is left, the scarcest first", () => {
  const words = (limits: object, used: object, more: object = {}): string =>
    quotaInWords({ limits, used: { ...NOTHING, ...used }, resetAt, ...more });
  expect(words({}, { asks: 5000 })).toBe("");
  expect(words({ asks: 10 }, { asks: 7 })).toBe("");
  expect(words({ asks: 10 }, { asks: 8 })).toBe("8 of today's 10 questions are used. They begin anew at 01:00 AM.");
  expect(words({ asks: 10, bytes: 2_000_000 }, { asks: 8, bytes: 1_900_000 })).toMatch(
    /^1.9 MB of today's 2.0 MB of files/,
  );
  expect(words({ pages: 10 }, { pages: 300 })).toMatch(/^10 of today's 10 pages are used/);
  expect(words({ asks: 0 }, {})).toMatch(/^0 of today's 0 questions/);
  const tenant = { limits: { asks: 1000 }, used: { ...NOTHING, asks: 990 } };
  expect(words({}, {}, { tenant })).toBe(
    "990 of today's 1,000 questions are used. You share them with others. They begin anew at 01:00 AM.",
  );
});
