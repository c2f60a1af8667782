import { performance } from "node:perf_hooks";

/**
 * Bounds the bytes of all connections' incomplete messages together, and the time that one message may take to arrive.
 * The libraries buffer each frame, and each packet with attachments, until it is complete, and nothing else bounds the
 * sum of these buffers.
 */
export interface Arriving {
  readonly bytes: number;
  /**
   * Adds a connection; each of its messages may take `maxMs` to arrive. The connections of one `network` may use a
   * share of the room; undefined where networks are not counted.
   */
  join(evict: Evict, maxMs: number, network?: string): Member;
  /** Evicts connections whose message takes too long; call it every few seconds. */
  expire(): void;
}
/**
 * Ends a connection. `BUSY`: room is needed, and no other large incomplete message has received bytes for so long;
 * `IDLE_TIMEOUT`: the connection's message took too long.
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
  readonly network: string | undefined;
}

/** Smaller messages are not counted: every connection may have an incomplete one. */
const SMALL_BYTES = 16_384;

export interface ArrivingRule {
  readonly maxBytes: number;
  /** Most bytes of the connections of one network. */
  readonly maxNetworkBytes: number;
  /** Called with the number of all received bytes, including those of small messages. */
  readonly received?: (bytes: number) => void;
  readonly now?: () => number;
}

export function createArriving(rule: ArrivingRule): Arriving {
  const { maxBytes, maxNetworkBytes, now = () => performance.now() } = rule;
  // In the order of the last received bytes, oldest first.
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
          if (mine <= SMALL_BYTES) return;
          const known = large.get(member);
          large.delete(member);
          add(network, known ? bytes : mine);
          large.set(member, known ?? { evict, until: now() + maxMs, network });
          makeRoom(network);
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
