import { performance } from "node:perf_hooks";

/**
 * Bounds the bytes of all connections' incomplete messages together, and the time that one message may take to arrive.
 * The WebSocket libraries buffer each frame, and each packet with attachments, until it is complete, and nothing else
 * bounds the sum of these buffers.
 */
export interface Arriving {
  readonly bytes: number;
  /**
   * Adds a connection, each of whose messages may take `maxMs` to arrive. The connections of one `network` together may
   * have only `maxNetworkBytes` of incomplete messages. `network` is undefined if `USERS_PER_ADDRESS` is 0.
   */
  join(evict: Evict, maxMs: number, network?: string): Member;
  /** Evicts connections whose message takes too long to arrive. Must be called every few seconds. */
  expire(): void;
}
/**
 * Ends a connection. `BUSY`: all connections, or those of its network, hold too many bytes of incomplete messages, and
 * of these connections this one has waited longest for the next byte of its message. `IDLE_TIMEOUT`: its message took
 * too long to arrive.
 */
export type Evict = (why: "BUSY" | "IDLE_TIMEOUT") => void;
interface Member {
  /**
   * Counts received bytes. Returns how many bytes are newly counted for the bounds: 0 while the message is small, all
   * its bytes so far when it becomes large, and `bytes` from then on.
   */
  received(bytes: number): number;
  /**
   * Must be called when the message is complete or the connection has ended: the bytes of the message no longer count.
   */
  finished(): void;
}
interface Large {
  readonly evict: Evict;
  readonly until: number;
  readonly network: string | undefined;
}

/**
 * Messages of up to this many bytes are not counted, so that every connection may always have a small incomplete
 * message.
 */
const SMALL_BYTES = 16_384;

export interface ArrivingRule {
  readonly maxBytes: number;
  /** The most bytes of the incomplete messages of one network. */
  readonly maxNetworkBytes: number;
  /** Called with the number of bytes each time some have been received, including bytes of small messages. */
  readonly received?: (bytes: number) => void;
  readonly now?: () => number;
}

export function createArriving(rule: ArrivingRule): Arriving {
  const { maxBytes, maxNetworkBytes, now = () => performance.now() } = rule;
  // The connections with a large incomplete message; the one that has waited longest for its next byte is the first.
  const large = new Map<Member, Large>();
  let total = 0;
  const networks = new Map<string, number>();

  function end(member: Member, why: "BUSY" | "IDLE_TIMEOUT"): void {
    const { evict } = large.get(member) ?? {};
    member.finished();
    evict?.(why);
  }
  function add(network: string | undefined, bytes: number): void {
    total += bytes;
    if (network === undefined) return;
    const held = (networks.get(network) ?? 0) + bytes;
    if (held > 0) networks.set(network, held);
    else networks.delete(network);
  }
  function makeRoom(network: string | undefined): void {
    if (network !== undefined) {
      for (const [stalest, one] of large) {
        if ((networks.get(network) ?? 0) <= maxNetworkBytes) break;
        if (one.network === network) end(stalest, "BUSY");
      }
    }
    for (const [stalest] of large) {
      if (total <= maxBytes) break;
      end(stalest, "BUSY");
    }
  }
  return {
    get bytes() {
      return total;
    },
    expire() {
      const late = [...large].filter(([, { until }]) => until <= now());
      for (const [member] of late) end(member, "IDLE_TIMEOUT");
    },
    join(evict, maxMs, network) {
      let mine = 0;
      const member: Member = {
        received(bytes) {
          rule.received?.(bytes);
          mine += bytes;
          if (mine <= SMALL_BYTES) return 0;
          const known = large.get(member);
          large.delete(member);
          const added = known ? bytes : mine;
          add(network, added);
          large.set(member, known ?? { evict, until: now() + maxMs, network });
          makeRoom(network);
          return added;
        },
        finished() {
          if (large.delete(member)) add(network, -mine);
          mine = 0;
        },
      };
      return member;
    },
  };
}
