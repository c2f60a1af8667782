/** What all asks of a process hold back while the store does not take it. */
export interface HeldBytes {
  /** Says how much one ask holds now; false when that is too much for the process. */
  hold(owner: string, units: number): boolean;
  release(owner: string): void;
  readonly total: number;
}

export function createHeldBytes(most: number): HeldBytes {
  const held = new Map<string, number>();
  let total = 0;
  const set = (owner: string, units: number): void => {
    total += units - (held.get(owner) ?? 0);
    if (units === 0) held.delete(owner);
    else held.set(owner, units);
  };
  return {
    hold(owner, units) {
      set(owner, units);
      return total <= most;
    },
    release: (owner) => set(owner, 0),
    get total() {
      return total;
    },
  };
}
