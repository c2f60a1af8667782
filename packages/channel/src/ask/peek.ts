import type { AskAddress, ConversationAddress } from "../redis/address.ts";
import { mailKey, recordKey } from "../redis/keys.ts";
import { exec } from "../redis/exec.ts";
import type { Store } from "../redis/store.ts";
import type { AskBody } from "./record.ts";

/** The ask at the head of a mailbox as its user names it. */
export interface Head {
  readonly address: AskAddress;
  readonly conversation: string;
  readonly id: string;
  readonly body: AskBody;
}

/**
 * Reads the heads of mailboxes without taking them, to address page progress, which is a hint. In the order given;
 * undefined for an empty mailbox. Two pipelines, whatever the number.
 */
export async function peekHeads(
  store: Store,
  conversations: readonly ConversationAddress[],
): Promise<Array<Head | undefined>> {
  if (conversations.length === 0) return [];
  const mail = store.redis.pipeline();
  for (const at of conversations) mail.lindex(mailKey(at), 0);
  const heads = (await exec(mail)) as Array<string | null>;
  const addresses = conversations.map(({ shard, u, c }, index) => ({ shard, u, c, a: heads[index] ?? "" }));
  const records = store.redis.pipeline();
  for (const address of addresses) records.hmget(recordKey(address), "conversation", "id", "body");
  const replies = (await exec(records)) as Array<Array<string | null>>;
  return replies.map(([conversation, id, body], index) => {
    const address = addresses[index];
    if (!address || !conversation || !id || !body) return undefined;
    return { address, conversation, id, body: JSON.parse(body) as AskBody };
  });
}
