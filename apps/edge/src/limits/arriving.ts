import { performance } from "node:perf_hooks";

/**
 * Bounds the bytes of incomplete messages of all connections together, and how long one may take: the libraries buffer
 * each frame, and each packet with attachments, until it is complete, and no other bound limits how many at once.
 */
export interface Arriving {
  readonly bytes: number;
  /** Adds a connection, one of whose messages may take `maxMs` to arrive. */
  join(evict: Evict, maxMs: number): Member;
  /** Evicts connections whose message takes too long; call it every few seconds. */
  expire(): void;
}
/**
 * Ends a connection. `BUSY`: room is needed, and its incomplete message was silent for longest; `IDLE_TIMEOUT`: its message
 * took too long.
 */
export type Evict = (why: "BUSY" | "IDLE_TIMEOUT") => void;
interface Member {
  received(bytes: number): void;
  /** The message is complete, or the connection has ended. */
  finished(): void;
}
interface Large {
  readonly evict: Evict;
  readonly until: number;
}

/** Smaller messages do not count: each connection may have an incomplete one. */
const SMALL_BYTES = 16_384;

export function createArriving(maxBytes: number, now: () => number = () => performance.now()): Arriving {
  // In the order of the last received bytes, oldest first.
  const large = new Map<Member, Large>();
  let total = 0;

  function end(member: Member, why: "BUSY" | "IDLE_TIMEOUT"): void {
    const { evict } = large.get(member) ?? {};
    member.finished();
    evict?.(why);
  }
  return {
    get bytes() {
      return total;
    },
    expire() {
      const late = [...large].filter(([, { until }]) => until <= now());
      for (const [member] of late) end(member, "IDLE_TIMEOUT");
    },
    join(evict, maxMs) {
      let mine = 0;
      const member: Member = {
        received(bytes) {
          mine += bytes;
          if (mine <= SMALL_BYTES) return;
          const known = large.get(member);
          large.delete(member);
          total += known ? bytes : mine;
          large.set(member, known ?? { evict, until: now() + maxMs });
          for (const [stalest] of large) {
            if (total <= maxBytes) break;
            end(stalest, "BUSY");
          }
        },
        finished() {
          if (large.delete(member)) total -= mine;
          mine = 0;
        },
      };
      return member;
    },
  };
}
