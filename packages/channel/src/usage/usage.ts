import { groupAddress, userAddress, type AskAddress, type UserAddress } from "../redis/address.ts";
import { keptKey, liveKey, runningKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script } from "../redis/script.ts";
import type { Store } from "../redis/store.ts";

/** What is counted against a budget: a user, the network that a client's address lies in, or a tenant. */
export interface Account {
  readonly kind: "user" | "network" | "tenant";
  readonly name: string;
}
/** `log`: bytes of questions and answers; `files`: bytes of files. */
export type Budget = "log" | "files";

/** Where an account is counted. A user, a network and a tenant of the same name differ. */
export function accountAddress({ kind, name }: Account): UserAddress {
  return kind === "user" ? userAddress(name) : groupAddress(kind, name);
}

/** Lua that counts bytes against a budget, for scripts that do so in another step. */
export const KEPT = lua(import.meta.url, "kept.lua");
const CHARGE = script({
  files: [CLOCK, KEPT, lua(import.meta.url, "charge.lua")],
  keys: ["kept"],
  args: { bytes: "number", maxBytes: "number", windowMs: "number" },
});
const COUNT_RUNNING = script({
  files: [CLOCK, lua(import.meta.url, "count-running.lua")],
  keys: ["running"],
  args: { ask: "text", max: "number", keepMs: "number" },
});

/**
 * Counts bytes that are kept for the retention, also when that is too many: the caller has stored them. Returns 0, or how
 * long it takes in ms until at most `maxBytes` are counted. Sent twice it counts twice. `accept` counts an ask for its user itself.
 */
export async function chargeBytes(
  store: Store,
  of: UserAddress,
  { budget, bytes, maxBytes }: { budget: Budget; bytes: number; maxBytes: number },
): Promise<number> {
  const keys = { kept: keptKey({ ...of, budget }) };
  const args = { bytes, maxBytes, windowMs: store.retentionMs };
  const [, freeInMs] = await run(store.redis, CHARGE, { keys, args });
  return Number(freeInMs);
}

/**
 * Counts an accepted ask as running for a network or a tenant, and returns whether more than `max` of its asks run. Nobody tells when an
 * ask has ended: those that are no longer among their user's unfinished ones are found only when there are too many.
 */
export async function countRunning(
  store: Store,
  of: UserAddress,
  ask: AskAddress,
  max: number,
): Promise<"ok" | "full"> {
  const running = runningKey(of);
  const args = { ask: `${ask.shard}/${ask.u}/${ask.a}`, max, keepMs: store.askDeadlineMs };
  const [status, ...members] = await run(store.redis, COUNT_RUNNING, { keys: { running }, args });
  if (status === "OK") return "ok";
  const asks = members.map(String);
  const live = await Promise.all(
    asks.map((one) => {
      const [shard = "", u = "", a = ""] = one.split("/");
      return store.redis.sismember(liveKey({ shard, u }), a);
    }),
  );
  const ended = asks.filter((_, index) => live[index] === 0);
  if (ended.length > 0) await store.redis.zrem(running, ...ended);
  return asks.length - ended.length > max ? "full" : "ok";
}
