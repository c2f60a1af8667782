import type { EventOf } from "@docrelay/protocol";
import { askAddress } from "../redis/address.ts";
import { logKey, recordKey } from "../redis/keys.ts";
import type { Store } from "../redis/store.ts";

/**
 * The `accepted` event of an ask by the ask's id alone, running or ended. Undefined when the user has no such ask, or its
 * events are no longer kept.
 */
export async function findAsk(store: Store, user: string, id: string): Promise<EventOf<"accepted"> | undefined> {
  const at = askAddress(user, "", id);
  const [c, seq] = await store.redis.hmget(recordKey(at), "c", "seq");
  if (!c || !seq) return undefined;
  const [entry] = await store.redis.xrange(logKey({ ...at, c }), `${seq}-0`, `${seq}-0`);
  const json = entry?.[1][1];
  return json === undefined ? undefined : (JSON.parse(json) as EventOf<"accepted">);
}
