/**
 * Bounds the bytes of incomplete large frames of all connections together: the library buffers each frame until it is
 * complete, and no other bound limits how many it buffers at once.
 */
export interface Assembly {
  readonly bytes: number;
  /** Adds a connection; `evict` is called when room is needed and this connection has been silent for longest. */
  join(evict: () => void): Member;
}
interface Member {
  received(bytes: number): void;
  /** The frame is complete, or the connection has ended. */
  finished(): void;
}

/** Smaller frames do not count: each connection may have an incomplete one. */
const SMALL_BYTES = 262_144;

export function createAssembly(maxBytes: number): Assembly {
  // In the order of the last received bytes, oldest first.
  const large = new Map<Member, () => void>();
  let total = 0;
  return {
    get bytes() {
      return total;
    },
    join(evict) {
      let mine = 0;
      const member: Member = {
        received(bytes) {
          mine += bytes;
          if (mine <= SMALL_BYTES) return;
          total += large.delete(member) ? bytes : mine;
          large.set(member, evict);
          for (const [stalest, evictIt] of large) {
            if (total <= maxBytes) break;
            stalest.finished();
            evictIt();
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
