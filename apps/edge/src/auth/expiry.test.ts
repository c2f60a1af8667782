import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Expiry } from "./expiry.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const DAY = 86_400_000;

describe("an expiry", () => {
  it("comes thirty seconds after the token ran out, once", () => {
    let expired = 0;
    new Expiry(() => expired++).until(Date.now() + 5000);
    vi.advanceTimersByTime(34_999);
    expect(expired).toBe(0);
    vi.advanceTimersByTime(1);
    expect(expired).toBe(1);
    vi.advanceTimersByTime(DAY);
    expect(expired).toBe(1);
  });

  it("is put off by a fresh token", () => {
    let expired = 0;
    const expiry = new Expiry(() => expired++);
    expiry.until(Date.now() + 5000);
    vi.advanceTimersByTime(34_000);
    expiry.until(Date.now() + 60_000);
    vi.advanceTimersByTime(89_999);
    expect(expired).toBe(0);
    vi.advanceTimersByTime(1);
    expect(expired).toBe(1);
  });

  it("does not come early for a token of a year", () => {
    let expired = 0;
    new Expiry(() => expired++).until(Date.now() + 365 * DAY);
    vi.advanceTimersByTime(365 * DAY);
    expect(expired).toBe(0);
    vi.advanceTimersByTime(30_000);
    expect(expired).toBe(1);
  });

  it("does not come when the connection ended before", () => {
    let expired = 0;
    const expiry = new Expiry(() => expired++);
    expiry.until(Date.now());
    expiry.stop();
    vi.advanceTimersByTime(DAY);
    expect(expired).toBe(0);
  });
});
