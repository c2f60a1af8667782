import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { createPace, holdReading, isHeld, pauseReading } from "./pace.ts";

const MIB = 1_048_576;

describe("the pace of a client", () => {
  it("pauses a network that has sent more than its burst, until as many bytes were allowed", () => {
    let now = 1000;
    const pace = createPace(2, undefined, () => now);
    // A network that counts as two users may send 8 MiB at once, then 4 MiB a second.
    expect(pace.received("a", 8 * MIB)).toBe(0);
    expect(pace.received("a", MIB)).toBe(250);
    expect(pace.received("b", MIB)).toBe(0);
    now += 250;
    expect(pace.received("a", MIB)).toBe(250);
    now += 60_000;
    expect(pace.received("a", 8 * MIB)).toBe(0);
  });

  it("never pauses for more than a second, so that pongs are read in time", () => {
    const pace = createPace(1, undefined, () => 0);
    expect(pace.received("a", 1000 * MIB)).toBe(1000);
  });

  it("pauses a client that is refused again and again, by its own count", () => {
    let now = 0;
    const pace = createPace(1, undefined, () => now);
    for (let n = 0; n < 100; n++) expect(pace.refused("a")).toBe(0);
    expect(pace.refused("a")).toBe(50);
    expect(pace.received("a", 1)).toBe(0);
    now += 50;
    expect(pace.refused("a")).toBe(50);
  });

  it("counts a user by its network, and by its own name if networks are not counted", () => {
    expect(createPace(8, { of: () => "192.0.2.1" }).nameOf("ann")).toBe("192.0.2.1");
    expect(createPace(0, undefined).nameOf("ann")).toBe("ann");
  });

  it("lets no client that waits as told send more than its burst and its rate", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 * MIB }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 8 }), (chunks, users) => {
        let now = 0;
        const pace = createPace(users, undefined, () => now);
        let sent = 0;
        for (const bytes of chunks) {
          sent += bytes;
          // The pause after the last chunk is not in `now` yet, so the bytes of this chunk are not counted here.
          expect(sent - bytes).toBeLessThanOrEqual(users * (4 * MIB + (2 * MIB * now) / 1000) + 1);
          for (let wait = pace.received("a", bytes); wait > 0; wait = pace.received("a", 0)) now += wait;
        }
      }),
    );
  });
});

describe("a socket whose reading is held", () => {
  const socketOf = (): { pause: () => void; resume: () => void } => ({ pause: vi.fn(), resume: vi.fn() });

  it("is read again when the last of several reasons has gone", () => {
    const socket = socketOf();
    const [one, other] = [holdReading(socket), holdReading(socket)];
    expect(socket.pause).toHaveBeenCalledTimes(1);
    one();
    one();
    expect(socket.resume).not.toHaveBeenCalled();
    expect(isHeld(socket)).toBe(true);
    other();
    expect(socket.resume).toHaveBeenCalledTimes(1);
    expect(isHeld(socket)).toBe(false);
  });

  it("is read again after its pause", () => {
    vi.useFakeTimers();
    try {
      const socket = socketOf();
      pauseReading(socket, 0);
      expect(socket.pause).not.toHaveBeenCalled();
      pauseReading(socket, 500);
      expect(socket.pause).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(499);
      expect(socket.resume).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(socket.resume).toHaveBeenCalledTimes(1);
    } finally {
      vi.useRealTimers();
    }
  });
});
