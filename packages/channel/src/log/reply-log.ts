import { OPEN_MAX_BYTES, OPEN_MAX_EVENTS, type Event, type Position } from "@docrelay/protocol";
import { conversationAddress } from "../redis/address.ts";
import { logKey, metaKey } from "../redis/keys.ts";
import { run, script, type Store } from "../redis/store.ts";

/*
 * One script, so that head, first and events are of one moment: read apart, a trim or an append in between would make
 * a hole look like the truth.
 */
const READ = script(`
local log, meta = KEYS[1], KEYS[2]
local after, nonce, max_events, max_bytes = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local m = redis.call('HMGET', meta, 'seq', 'first')
local seq, first = tonumber(m[1] or 0), tonumber(m[2] or 1)
if redis.call('EXISTS', log) == 0 then first = seq + 1 end
local from = '-'
if after ~= '' then
  local at = tonumber(after)
  if at > 0 then
    local known = redis.call('XRANGE', log, after .. '-0', after .. '-0')[1]
    if not known or not string.find(known[2][2], '"nonce":"' .. nonce .. '"', 1, true) then return { 'LOST' } end
  elseif first > 1 then
    return { 'LOST' }
  end
  from = '(' .. after .. '-0'
end
local out, bytes = {}, 0
local entries = redis.call('XRANGE', log, from, '+', 'COUNT', max_events + 1)
for i, entry in ipairs(entries) do
  local event = entry[2][2]
  bytes = bytes + #event
  if i > max_events or (i > 1 and bytes > max_bytes) then break end
  out[i] = event
end
local head = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
return { 'OPENED', first, #out < #entries and 1 or 0, head and head[2][2] or '', unpack(out) }
`);

export type OpenedLog =
  /** `bytes`: of the events, as they are kept. */
  | { kind: "opened"; events: Event[]; more: boolean; first: number; head: Position | null; bytes: number }
  /** The position is outside of what is kept, or the log was rolled back since. */
  | { kind: "lost" };

/**
 * Reads a conversation's log from a position on (without one: from the oldest event kept), at most 512 events or
 * 512 KiB. For a reader who wants what comes next too: subscribe first, wait until that holds, then read.
 */
export async function openLog(store: Store, user: string, conversation: string, after?: Position): Promise<OpenedLog> {
  const at = conversationAddress(user, conversation);
  const args = [after ? after.seq : "", after?.nonce ?? "", OPEN_MAX_EVENTS, OPEN_MAX_BYTES];
  const reply = await run(store.redis, READ, [logKey(at), metaKey(at)], args);
  if (reply[0] === "LOST") return { kind: "lost" };
  const [, first, more, head, ...events] = reply;
  return {
    kind: "opened",
    // The relay's own scripts wrote them: parsed at the boundary, trusted inside.
    events: events.map((json) => JSON.parse(String(json)) as Event),
    more: more === 1,
    first: Number(first),
    head: head ? positionOf(JSON.parse(String(head)) as Event) : null,
    bytes: events.reduce<number>((sum, json) => sum + String(json).length, 0),
  };
}

function positionOf({ seq, nonce }: Event): Position {
  return { seq, nonce };
}
