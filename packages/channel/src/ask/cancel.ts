import { askAddress, type ConversationAddress } from "../redis/address.ts";
import { conversationScript, eventRest, runOn } from "./conversation-script.ts";
import { CANCEL_CHANNEL } from "../redis/keys.ts";
import { wrongAnswer, type Store } from "../redis/store.ts";

const CANCEL = conversationScript(`
local a, rest, hint = arg[1], arg[2], arg[3]
local r = redis.call('HMGET', records .. a, 'state', 'attempt', 'c')
if not r[1] or not string.find(member_prefix, '/' .. r[3] .. '/', 1, true) then return { 'UNKNOWN' } end
if r[1] == 'ended' then return { 'ENDED' } end
if r[1] ~= 'running' and tonumber(r[2]) == 0 then
  close(a, 'cancelled', 0, rest)
  return { 'CANCELLED' }
end
redis.call('HSET', records .. a, 'cancel', '1')
redis.call('PUBLISH', '${CANCEL_CHANNEL}', hint)
return { 'FLAGGED' }
`);

export type Cancelled =
  /** No such ask of this user in this conversation. */
  | { kind: "unknown" }
  /** It had ended already: nothing to do. */
  | { kind: "ended" }
  /** It was waiting and has ended now; the conversation may have a next ask. */
  | { kind: "cancelled"; conversation: ConversationAddress }
  /** A worker has it, or had it: it is flagged, and whoever has it next ends it. Ring the conversation's doorbell. */
  | { kind: "flagged"; conversation: ConversationAddress };

/** Cancels an ask at any stage. Idempotent; the terminal event says how the ask ended. */
export async function cancel(
  store: Store,
  user: string,
  conversation: string,
  id: string,
  nonce: string,
): Promise<Cancelled> {
  const at = askAddress(user, conversation, id);
  const rest = eventRest(conversation, id, nonce, { type: "cancelled", text: "" });
  const reply = await runOn(store, at, CANCEL, [at.a, rest, `${at.u}/${at.a}`]);
  switch (reply[0]) {
    case "UNKNOWN":
      return { kind: "unknown" };
    case "ENDED":
      return { kind: "ended" };
    case "CANCELLED":
      return { kind: "cancelled", conversation: at };
    case "FLAGGED":
      return { kind: "flagged", conversation: at };
    default:
      throw wrongAnswer("cancel", reply);
  }
}

/** Reads a message of {@link CANCEL_CHANNEL}. */
export function parseCancelled(message: string): { u: string; a: string } | undefined {
  const [u, a] = message.split("/");
  return u && a ? { u, a } : undefined;
}
