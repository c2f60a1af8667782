import { groupAddress, userAddress, type AskAddress, type UserAddress } from "../redis/address.ts";
import { keptKey, liveKey, runningKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script } from "../redis/script.ts";
import type { Store } from "../redis/store.ts";

/** An account that is counted: a user, the network of a client's address, or a tenant. */
export interface Account {
  readonly kind: "user" | "network" | "tenant";
  readonly name: string;
}
/** `log`: bytes of questions and answers; `files`: bytes of files. */
export type Budget = "log" | "files";

/**
 * Returns the address at which an account is counted. A user, a network and a tenant of the same name have different
 * addresses.
 */
export function accountAddress({ kind, name }: Account): UserAddress {
  return kind === "user" ? userAddress(name) : groupAddress(kind, name);
}

/** Lua that counts kept bytes against a budget, for scripts that also do other things in the same step. */
export const KEPT = lua(import.meta.url, "kept.lua");
const CHARGE = script({
  files: [CLOCK, KEPT, lua(import.meta.url, "charge.lua")],
  keys: ["kept"],
  args: { bytes: "number", maxBytes: "number", windowMs: "number" },
});
const COUNT_ASKS = script({
  files: [CLOCK, KEPT, lua(import.meta.url, "count-asks.lua")],
  keys: ["running", "kept"],
  args: {
    maxRunning: "number",
    keepMs: "number",
    bytes: "number",
    maxBytes: "number",
    windowMs: "number",
  },
  list: "asks",
});
/** The most asks that {@link countAsks} counts at once. */
export const MAX_COUNTED = 500;

/**
 * Counts bytes that are kept for the retention. Bytes over the budget are counted too, because the caller has stored
 * them. Returns 0, or the time in ms until at most `maxBytes` are counted; with 0 `bytes` it counts nothing. Not
 * idempotent. Do not call it to count an ask of a user: `accept` counts that itself.
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
 * Counts accepted asks, at most {@link MAX_COUNTED}, for a network or a tenant: the asks as running, and their bytes as
 * {@link chargeBytes} does. `overMs`: what `chargeBytes` returns. `isFull`: more than `maxRunning` asks of the account
 * run. An ask that ends stays counted at first; ended asks are removed only when more than `maxRunning` are counted.
 */
export async function countAsks(
  store: Store,
  of: UserAddress,
  asks: readonly AskAddress[],
  { bytes, maxBytes, maxRunning }: { bytes: number; maxBytes: number; maxRunning: number },
): Promise<{ overMs: number; isFull: boolean }> {
  const running = runningKey(of);
  const keys = { running, kept: keptKey({ ...of, budget: "log" }) };
  const list = asks.map(({ shard, u, a }) => `${shard}/${u}/${a}`);
  const args = { maxRunning, keepMs: store.askDeadlineMs, bytes, maxBytes, windowMs: store.retentionMs };
  const [status, over, ...members] = await run(store.redis, COUNT_ASKS, { keys, args, list });
  const overMs = Number(over);
  if (status === "OK") return { overMs, isFull: false };
  const counted = members.map(String);
  const live = await Promise.all(
    counted.map((one) => {
      const [shard = "", u = "", a = ""] = one.split("/");
      return store.redis.sismember(liveKey({ shard, u }), a);
    }),
  );
  const ended = counted.filter((_, index) => live[index] === 0);
  if (ended.length > 0) await store.redis.zrem(running, ...ended);
  return { overMs, isFull: counted.length - ended.length > maxRunning };
}
