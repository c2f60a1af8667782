/**
 * Counts the unfinished items, such as uploads, of groups of users on this edge. An item counts until `end`, but no
 * longer than a fixed time after `begin` or the last `renew`: an item may end by itself, or continue through another
 * edge, and this edge does not hear of that.
 */
export interface Unfinished {
  /**
   * Counts one more item of a group for `beginMs`, unless the group has `max` already: then it returns false. The group
   * must not have `id` yet.
   */
  begin(group: string, id: string, max: number): boolean;
  /**
   * Lets the item count for `keepMs` from now on. It counts also if it was begun through another edge, or if its time
   * had passed.
   */
  renew(group: string, id: string): void;
  end(id: string): void;
  readonly size: number;
}

export interface KeepTimes {
  /** How long an item counts that was never renewed. */
  readonly beginMs: number;
  readonly keepMs: number;
}

const FORGET_AT = 4096;

export function createUnfinished(
  { beginMs, keepMs }: KeepTimes,
  now: () => number = () => performance.now(),
): Unfinished {
  const groups = new Map<string, Map<string, number>>();
  const groupsOf = new Map<string, Set<string>>();
  let forgetAt = FORGET_AT;

  function end(id: string): void {
    for (const group of groupsOf.get(id) ?? []) {
      const known = groups.get(group);
      known?.delete(id);
      if (known?.size === 0) groups.delete(group);
    }
    groupsOf.delete(id);
  }
  function endLate(ids: Map<string, number>): void {
    for (const [id, until] of ids) if (until <= now()) end(id);
  }
  function count(group: string, id: string, until: number): void {
    if (groupsOf.size >= forgetAt) {
      for (const ids of groups.values()) endLate(ids);
      forgetAt = Math.max(FORGET_AT, groupsOf.size * 2);
    }
    const known = groups.get(group) ?? new Map<string, number>();
    groups.set(group, known.set(id, until));
    groupsOf.set(id, (groupsOf.get(id) ?? new Set()).add(group));
  }

  return {
    get size() {
      return groupsOf.size;
    },
    begin(group, id, max) {
      const known = groups.get(group);
      if (known && known.size >= max) endLate(known);
      if ((groups.get(group)?.size ?? 0) >= max) return false;
      count(group, id, now() + beginMs);
      return true;
    },
    renew: (group, id) => count(group, id, now() + keepMs),
    end,
  };
}
