/**
 * Bounds the bytes of large frames that are still on their way, of all connections together: the library keeps each until
 * it is whole, and nothing else bounds how many do that at once.
 */
export interface Assembly {
  readonly bytes: number;
  /** For one connection; `evict` is called when room is needed and it is the one that has been silent for longest. */
  join(evict: () => void): Member;
}
interface Member {
  received(bytes: number): void;
  /** The frame is whole, or the connection has gone. */
  finished(): void;
}

/** Frames below this do not count: everybody may have one on the way. */
const SMALL_BYTES = 262_144;

export function createAssembly(maxBytes: number): Assembly {
  // In the order in which they were heard last.
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
