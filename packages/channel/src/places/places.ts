import type { RedisClient } from "../redis/client.ts";
import { userAddress } from "../redis/address.ts";
import { edgeKey, placesKey } from "../redis/keys.ts";
import { lua, run, script } from "../redis/script.ts";

/**
 * How many ms a user's key is kept after a connection was last opened or closed: a week. So the counts of killed edges
 * disappear. A connection that is open for longer stops counting until the user opens or closes a connection on the
 * same edge.
 */
const KEEP_MS = 604_800_000;

const CLAIM = script({
  files: [lua(import.meta.url, "claim-places.lua")],
  keys: ["places"],
  args: { node: "text", held: "number", wanted: "number", max: "number", keepMs: "number" },
  list: "dead",
});

/** How many connections of one user an edge wants to have counted, for {@link claimPlaces}. */
export interface PlaceClaim {
  /** The name of the edge that makes the claim; its lease has the same name. */
  readonly node: string;
  /** How many connections of the user are open now on the edge that makes the claim. */
  readonly held: number;
  /** `held` plus the number of connections that wait to be let in. */
  readonly wanted: number;
  /** How many connections the user may have on all edges together. */
  readonly max: number;
}

/**
 * Writes how many connections a user has on this edge: `wanted`, or fewer if the other edges leave room for fewer.
 * Returns the written number, which is never less than `held`. A claim states the whole number and not a difference, so
 * repeating it changes nothing, and it corrects the errors of earlier claims. An edge makes the claims of one user one
 * after the other. If there is no room, the counts of edges without a lease are removed and the claim is made again.
 * The script cannot read the leases itself, because in a cluster they are in other slots.
 */
export async function claimPlaces(redis: RedisClient, user: string, claim: PlaceClaim): Promise<number> {
  const places = placesKey(userAddress(user));
  const attempt = (dead: readonly string[]): ReturnType<typeof run> =>
    run(redis, CLAIM, { keys: { places }, args: { ...claim, keepMs: KEEP_MS }, list: dead });
  const [status, granted, ...others] = await attempt([]);
  if (status === "OK") return Number(granted);
  const dead = await withoutLease(redis, others.map(String));
  if (dead.length === 0) return Number(granted);
  const [, grantedNow] = await attempt(dead);
  return Number(grantedNow);
}

async function withoutLease(redis: RedisClient, nodes: readonly string[]): Promise<string[]> {
  const found = await Promise.all(nodes.map((node) => redis.exists(edgeKey({ node }))));
  return nodes.filter((_, index) => found[index] === 0);
}

/**
 * Begins an edge's lease. Without a lease, other edges may remove this edge's counts of connections. `node` must be a
 * new name: see {@link renewEdgeLease}.
 */
export async function beginEdgeLease(redis: RedisClient, node: string, leaseMs: number): Promise<void> {
  await redis.set(edgeKey({ node }), "1", "PX", leaseMs);
}

/**
 * Renews a lease. Returns false if it has expired: the edge then begins a lease with another name and claims its
 * connections again. An expired lease is never revived, because another edge may have seen it expire and be about to
 * remove the counts of this edge.
 */
export async function renewEdgeLease(redis: RedisClient, node: string, leaseMs: number): Promise<boolean> {
  return (await redis.set(edgeKey({ node }), "1", "PX", leaseMs, "XX")) === "OK";
}

/** Ends a lease; then other edges may remove the counts of its edge. Idempotent. */
export async function endEdgeLease(redis: RedisClient, node: string): Promise<void> {
  await redis.del(edgeKey({ node }));
}
