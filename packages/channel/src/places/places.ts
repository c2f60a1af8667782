import type { Redis } from "ioredis";
import { userAddress } from "../redis/address.ts";
import { placesKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script } from "../redis/script.ts";

/** How long a place is kept without {@link renewPlaces}: the places of a killed edge expire after it. */
const LEASE_MS = 60_000;

const keyOf = (user: string): string => placesKey(userAddress(user));

const TAKE = script({
  files: [CLOCK, lua(import.meta.url, "take-place.lua")],
  keys: ["places"],
  args: { place: "text", max: "number", leaseMs: "number" },
});
const RENEW = script({
  files: [CLOCK, lua(import.meta.url, "renew-places.lua")],
  keys: ["places"],
  args: { leaseMs: "number" },
  list: "held",
});

/** Acquires one of a user's `max` places on all edges together; false when all are taken. */
export async function takePlace(redis: Redis, user: string, place: string, max: number): Promise<boolean> {
  const [status] = await run(redis, TAKE, { keys: { places: keyOf(user) }, args: { place, max, leaseMs: LEASE_MS } });
  return status === "OK";
}

/** Keeps places of a user for another 60 s. Idempotent. */
export async function renewPlaces(redis: Redis, user: string, places: Iterable<string>): Promise<void> {
  await run(redis, RENEW, { keys: { places: keyOf(user) }, args: { leaseMs: LEASE_MS }, list: [...places] });
}

/** Releases places of a user. Idempotent. */
export async function releasePlaces(redis: Redis, user: string, places: Iterable<string>): Promise<void> {
  await redis.zrem(keyOf(user), ...places);
}
