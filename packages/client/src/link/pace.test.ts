import { describe, expect, test } from "vitest";
import { createPace, type Entry, type Pace } from "./pace.ts";

const CHUNK = 65_536;
const IN_FLIGHT = 4;

/**
 * Sends a file over a simulated connection that carries `perMs` bytes a millisecond and answers after `roundTripMs`.
 * Returns the most bytes that were unacknowledged at once, the sizes of the chunks, and the time it took.
 */
async function send(pace: Pace, clock: { now: number }, line: { perMs: number; roundTripMs: number; size: number }) {
  const flying: Array<{ entry: Entry; bytes: number; ackAt: number }> = [];
  const sizes: number[] = [];
  let freeAt = clock.now;
  let most = 0;
  let left = line.size;
  pace.roundTrip(line.roundTripMs);
  const landFirst = (): void => {
    const first = flying.shift();
    if (!first) throw new Error("nothing is on its way");
    clock.now = first.ackAt;
    first.entry.leave(true);
  };
  while (left > 0) {
    const bytes = Math.min(pace.chunkBytes(CHUNK), left);
    let entry: Entry | undefined;
    const entering = pace.enter(bytes).then((entered) => (entry = entered));
    await Promise.resolve();
    await Promise.resolve();
    while (!entry) {
      landFirst();
      await Promise.race([entering, new Promise((resolve) => setImmediate(resolve))]);
    }
    freeAt = Math.max(freeAt, clock.now) + bytes / line.perMs;
    flying.push({ entry, bytes, ackAt: freeAt + line.roundTripMs });
    sizes.push(bytes);
    left -= bytes;
    most = Math.max(
      most,
      flying.reduce((sum, one) => sum + one.bytes, 0),
    );
    if (flying.length === IN_FLIGHT) landFirst();
  }
  while (flying.length > 0) landFirst();
  return { most, sizes, tookMs: clock.now };
}

describe("what is on its way", () => {
  test.each([8, 16, 32, 100].flatMap((perMs) => [60, 300, 600].map((roundTripMs) => ({ perMs, roundTripMs }))))(
    "follows a line of $perMs kB/s, $roundTripMs ms away: it is busy, and a pong waits two seconds at most",
    async ({ perMs, roundTripMs }) => {
      const clock = { now: 0 };
      const size = 400_000;
      const { most, sizes, tookMs } = await send(
        createPace(() => clock.now),
        clock,
        { perMs, roundTripMs, size },
      );
      expect(sizes[0]).toBe(16_384);
      // A pong waits behind the unacknowledged bytes, except for one round trip's worth, which the server has received
      // already.
      expect(most / perMs - roundTripMs).toBeLessThan(2100);
      // The first chunk is sent alone, which costs one round trip. After it, the connection must be busy all the time.
      expect(tookMs - roundTripMs).toBeLessThan((size / perMs) * 1.1 + 2 * roundTripMs);
    },
  );

  test("grows to four whole chunks within some round trips where the line is fast", async () => {
    const clock = { now: 0 };
    const line = { perMs: 10_000, roundTripMs: 100, size: 5_000_000 };
    const { most, sizes, tookMs } = await send(
      createPace(() => clock.now),
      clock,
      line,
    );
    expect(most).toBe(IN_FLIGHT * CHUNK);
    expect(sizes.findIndex((size) => size === CHUNK)).toBeLessThan(16);
    expect(tookMs).toBeLessThan(2800);
  });

  test("begins small again on a new line, of which the old line's answers tell nothing", async () => {
    const clock = { now: 0 };
    const pace = createPace(() => clock.now);
    await send(pace, clock, { perMs: 10_000, roundTripMs: 1, size: 2_000_000 });
    expect(pace.chunkBytes(CHUNK)).toBe(CHUNK);
    const old = await pace.enter(CHUNK);
    pace.restart();
    expect([pace.chunkBytes(CHUNK), pace.drainMs()]).toEqual([16_384, 0]);
    old.leave(true);
    expect([pace.chunkBytes(CHUNK), pace.drainMs()]).toEqual([16_384, 0]);
  });

  test("is in the order of the calls; who is stopped while waiting takes no room", async () => {
    const pace = createPace();
    const first = await pace.enter(20_000);
    const order: string[] = [];
    const stop = new AbortController();
    const stopped = pace.enter(1000, stop.signal);
    const later = pace.enter(1000).then((entry) => (order.push("later"), entry));
    const last = pace.enter(1000).then((entry) => (order.push("last"), entry));
    stop.abort(new Error("stopped"));
    await expect(stopped).rejects.toThrow("stopped");
    expect(order).toEqual([]);
    first.leave(false);
    for (const entry of await Promise.all([later, last])) entry.leave(false);
    expect(order).toEqual(["later", "last"]);
    expect(pace.drainMs()).toBe(0);
  });
});
