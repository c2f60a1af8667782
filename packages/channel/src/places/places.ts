import type { RedisClient } from "../redis/client.ts";
import { userAddress } from "../redis/address.ts";
import { edgeKey, placesKey } from "../redis/keys.ts";
import { lua, run, script } from "../redis/script.ts";

/**
 * A week without a connection that opens or closes: until then a user's key stays after its edges were killed. A longer
 * lasting connection is not counted on other edges until its user opens or closes one on its edge.
 */
const KEEP_MS = 604_800_000;

const CLAIM = script({
  files: [lua(import.meta.url, "claim-places.lua")],
  keys: ["places"],
  args: { node: "text", held: "number", wanted: "number", max: "number", keepMs: "number" },
  list: "dead",
});

/** What an edge says about one user's connections. */
export interface PlaceClaim {
  /** The edge, by the name of its lease. */
  readonly node: string;
  /** The user's connections on this edge now. */
  readonly held: number;
  /** `held` and those to be let in. */
  readonly wanted: number;
  /** Most connections of a user on all edges together. */
  readonly max: number;
}

/**
 * Writes how many connections a user has on this edge: as many as are wanted, unless other edges leave room for fewer.
 * Returns that number, which is never less than `held`. The number is absolute: a claim that is repeated changes
 * nothing, and one claim mends whatever earlier ones left. Claims of one user by one edge must be made one after the
 * other. When there is no room, places of edges without a lease are voided: only then do they matter, and the script
 * itself cannot read leases, which lie in other slots of a cluster.
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

/** Begins the lease without which an edge's places may be voided. `node` must be new: see {@link renewEdgeLease}. */
export async function beginEdgeLease(redis: RedisClient, node: string, leaseMs: number): Promise<void> {
  await redis.set(edgeKey({ node }), "1", "PX", leaseMs);
}

/**
 * Renews a lease; false if it has run out. A lease that ran out is never revived: another edge may have seen that it is
 * gone and be about to void the places under its name. The edge begins a lease of another name and claims again.
 */
export async function renewEdgeLease(redis: RedisClient, node: string, leaseMs: number): Promise<boolean> {
  return (await redis.set(edgeKey({ node }), "1", "PX", leaseMs, "XX")) === "OK";
}

/** Ends a lease, and with it the places of its edge. Idempotent. */
export async function endEdgeLease(redis: RedisClient, node: string): Promise<void> {
  await redis.del(edgeKey({ node }));
}
