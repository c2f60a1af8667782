import type { Redis } from "ioredis";
import { eventually } from "../eventually.ts";

interface Node {
  readonly id: string;
  readonly port: number;
  readonly admin: Redis;
}

const KEYS_AT_ONCE = 10;

/** Moves one slot with its keys, by the steps that `redis-cli --cluster reshard` takes. */
export async function moveSlot(
  slot: number,
  of: { from: Node; to: Node; others: readonly Node[]; pauseMs: number },
): Promise<void> {
  const { from, to, others, pauseMs } = of;
  const { password } = to.admin.options;
  const auth = password === undefined || password === null ? [] : ["AUTH", password];
  await to.admin.cluster("SETSLOT", slot, "IMPORTING", from.id);
  await from.admin.cluster("SETSLOT", slot, "MIGRATING", to.id);
  while (true) {
    const keys = await from.admin.cluster("GETKEYSINSLOT", slot, KEYS_AT_ONCE);
    if (keys.length === 0) break;
    await from.admin.call("MIGRATE", "127.0.0.1", to.port, "", 0, 5000, ...auth, "KEYS", ...keys);
  }
  if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  for (const { admin } of [to, from, ...others]) await admin.cluster("SETSLOT", slot, "NODE", to.id);
}

/**
 * Waits until a moved slot's new node counts the slot as its own (`isClaimed`), three times in a row. A late message of
 * the old node, from before it knew of the move, may make the new node give the slot up, if this message names a newer
 * epoch than the new node knows. Then no node would have the slot, for ever. So the new node is told again, as
 * `redis-cli --cluster fix` does.
 */
export async function settleSlot(slot: number, to: Node, isClaimed: () => Promise<boolean>): Promise<void> {
  let times = 0;
  await eventually(
    async () => {
      times = (await isClaimed()) ? times + 1 : 0;
      if (times === 0) await to.admin.cluster("SETSLOT", slot, "NODE", to.id);
      return times === 3;
    },
    { what: `the node of slot ${slot}` },
  );
}
