/**
 * Counts the unwritten text of all replies of this process, which waits in memory until the store accepts it. Each
 * UTF-16 unit counts as two bytes.
 */
export interface HeldBytes {
  /**
   * Sets how many unwritten bytes the reply of this owner's ask holds. Returns false if all replies together hold more
   * than allowed.
   */
  hold(owner: string, bytes: number): boolean;
  release(owner: string): void;
  readonly total: number;
}

export function createHeldBytes(maxBytes: number): HeldBytes {
  const held = new Map<string, number>();
  let total = 0;
  const set = (owner: string, bytes: number): void => {
    total += bytes - (held.get(owner) ?? 0);
    if (bytes === 0) held.delete(owner);
    else held.set(owner, bytes);
  };
  return {
    hold(owner, bytes) {
      set(owner, bytes);
      return total <= maxBytes;
    },
    release: (owner) => set(owner, 0),
    get total() {
      return total;
    },
  };
}
