import type { EventOf } from "@docrelay/protocol";
import { askAddress, conversationAddress, type ConversationAddress } from "../redis/address.ts";
import { CANCEL_CHANNEL, DELETED_CHANNEL, logKey } from "../redis/keys.ts";
import { ChannelError, newNonce, sealingOf, wrongAnswer, type Store } from "../redis/store.ts";
import { placeOfTitle } from "../sealing/places.ts";
import { runStep, step } from "./conversation-script.ts";
import { readBody, type AskBody } from "./record.ts";

const END_ALL = step("end-all.lua", { nonce: "text", hintChannel: "text" });
const DELETE = step("delete-conversation.lua", {
  conversation: "text",
  lastSeq: "number",
  asks: "text",
  deletedChannel: "text",
  deleted: "text",
});
const RENAME = step("rename.lua", { title: "text" });

const ENTRIES_AT_ONCE = 500;
/** Matches the JSON of an `accepted` event. Only such events are parsed, because most events of a log are deltas. */
const IS_ACCEPTED = /"type":"accepted"/;
/** The most tries of a deletion. A further try is needed when an ask was accepted meanwhile. */
const MAX_TRIES = 20;

/** What a deleted conversation leaves for the caller to remove. */
export interface DeletedConversation {
  readonly address: ConversationAddress;
  /** Whether there was a conversation to delete. */
  readonly existed: boolean;
  /**
   * The asks that had not ended. The wait lists of their texts still have the conversation; the caller removes it from
   * them.
   */
  readonly asks: ReadonlyArray<{ readonly conversation: string; readonly id: string; readonly body: AskBody }>;
}

/**
 * Removes a conversation: its log, mailbox and counters, its place in the list, and the records of its asks. Unfinished
 * asks are cancelled first; their workers and the connected readers are notified. Idempotent. One kind of record stays
 * until it expires: the record of an ask whose events were trimmed from a very long log. It contains no text.
 * @throws ChannelError when asks are accepted faster than they can be ended
 */
export async function deleteConversation(
  store: Store,
  user: string,
  conversation: string,
): Promise<DeletedConversation> {
  const address = conversationAddress(user, conversation);
  const ended: Array<DeletedConversation["asks"][number]> = [];
  const asks = new Set<string>();
  let lastSeq = 0;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const [, ...found] = await runStep(store, address, END_ALL, { nonce: newNonce(), hintChannel: CANCEL_CHANNEL });
    for (let at = 0; at < found.length; at += 2)
      ended.push({ conversation, id: String(found[at]), body: readBody(store, address, String(found[at + 1])) });
    for await (const event of acceptedIn(store, address, lastSeq)) {
      if (event.type === "accepted") asks.add(askAddress(user, conversation, event.ask).a);
      lastSeq = event.seq;
    }
    const told = { deletedChannel: DELETED_CHANNEL, deleted: address.c };
    const reply = await runStep(store, address, DELETE, { conversation, lastSeq, asks: [...asks].join(" "), ...told });
    if (reply[0] === "OK") return { address, existed: reply[1] !== 0, asks: ended };
    if (reply[0] !== "CHANGED") throw wrongAnswer("delete", reply);
  }
  throw new ChannelError("io", "the conversation gets asks faster than they can be ended");
}

/** Yields the `accepted` events after a seq and, after each page of the log, the seq of the page's last event. */
async function* acceptedIn(
  store: Store,
  at: ConversationAddress,
  after: number,
): AsyncGenerator<EventOf<"accepted"> | { type: "last"; seq: number }> {
  let from = `(${after}-0`;
  while (true) {
    const entries = await store.redis.xrange(logKey(at), from, "+", "COUNT", ENTRIES_AT_ONCE);
    for (const [, [, json = ""]] of entries) {
      const event = IS_ACCEPTED.test(json) ? (JSON.parse(json) as EventOf<"accepted">) : undefined;
      if (event?.type === "accepted") yield event;
    }
    const [last] = entries.at(-1) ?? [];
    if (last === undefined) return;
    from = `(${last}`;
    yield { type: "last", seq: Number(last.split("-")[0]) };
    if (entries.length < ENTRIES_AT_ONCE) return;
  }
}

/** Gives a conversation another title. Idempotent. `unknown`: the conversation has no events, or they have expired. */
export async function renameConversation(
  store: Store,
  user: string,
  of: { conversation: string; title: string },
): Promise<"renamed" | "unknown"> {
  const at = conversationAddress(user, of.conversation);
  const title = sealingOf(store).sealText(placeOfTitle(at), of.title);
  const [status] = await runStep(store, at, RENAME, { title });
  return status === "OK" ? "renamed" : "unknown";
}
