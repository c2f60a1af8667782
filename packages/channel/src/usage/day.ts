import type { UserAddress } from "../redis/address.ts";
import { usedKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script } from "../redis/script.ts";
import { redisTime, type Store } from "../redis/store.ts";

/**
 * What is counted each day for each account (a user, a network or a tenant): asks, bytes of files, extracted pages, and
 * tokens of the engine.
 */
export const DAY_COUNTS = ["asks", "bytes", "pages", "tokens"] as const;
export type DayCount = (typeof DAY_COUNTS)[number];
export type Used = Readonly<Record<DayCount, number>>;

/** Lua that adds to the counts of the day. A script that includes it has the key of the account's counts in `used`. */
export const DAY = lua(import.meta.url, "day.lua");
const DAY_MS = 86_400_000;

const COUNT_USED = script({
  files: [CLOCK, DAY, lua(import.meta.url, "count-used.lua")],
  keys: ["used"],
  args: { field: "text", count: "number" },
});

/** Adds to an account's count of the day, which ends at midnight UTC. Not idempotent. */
export async function countUsed(store: Store, of: UserAddress, field: DayCount, count: number): Promise<void> {
  await run(store.redis, COUNT_USED, { keys: { used: usedKey(of) }, args: { field, count } });
}

/** Returns today's counts of some accounts, in their order. `endsInMs`: in how many ms the day ends. */
export async function readUsed(
  store: Store,
  accounts: readonly UserAddress[],
): Promise<{ used: Used[]; endsInMs: number }> {
  const [now, ...counts] = await Promise.all([
    redisTime(store.redis),
    ...accounts.map((of) => store.redis.hmget(usedKey(of), ...DAY_COUNTS)),
  ]);
  const used = counts.map(([asks, bytes, pages, tokens]) => ({
    asks: Number(asks ?? 0),
    bytes: Number(bytes ?? 0),
    pages: Number(pages ?? 0),
    tokens: Number(tokens ?? 0),
  }));
  return { used, endsInMs: DAY_MS - (now % DAY_MS) };
}
