/**
 * Counts the unfinished items, such as uploads, of groups of users on this edge. An item counts until `end`, or until a
 * fixed time has passed since `begin` or the last `renew`: an upload may continue through another edge, and this edge
 * does not hear of its end.
 */
export interface Unfinished {
  /**
   * Counts one more item of a group, unless the group has `max` already: then it returns false. The group must not have
   * `id` yet.
   */
  begin(group: string, id: string, max: number): boolean;
  /**
   * Lets the item count for the whole fixed time again, as if it had begun now, in each group for which `begin` counted
   * it; does nothing if the item no longer counts.
   */
  renew(id: string): void;
  end(id: string): void;
  readonly size: number;
}

const FORGET_AT = 4096;

export function createUnfinished(keepMs: number, now: () => number = () => performance.now()): Unfinished {
  const groups = new Map<string, Map<string, number>>();
  const groupsOf = new Map<string, string[]>();
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

  return {
    get size() {
      return groupsOf.size;
    },
    begin(group, id, max) {
      if (groupsOf.size >= forgetAt) {
        for (const ids of groups.values()) endLate(ids);
        forgetAt = Math.max(FORGET_AT, groupsOf.size * 2);
      }
      const known = groups.get(group) ?? new Map<string, number>();
      if (known.size >= max) endLate(known);
      if (known.size >= max) return false;
      known.set(id, now() + keepMs);
      groups.set(group, known);
      groupsOf.set(id, [...(groupsOf.get(id) ?? []), group]);
      return true;
    },
    renew(id) {
      for (const group of groupsOf.get(id) ?? []) groups.get(group)?.set(id, now() + keepMs);
    },
    end,
  };
}
