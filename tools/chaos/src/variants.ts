/** A line of the product's source and its replacement in a broken variant. */
export interface Change {
  /** The end of the file's path. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const TURN = "packages/channel/src/ask/turn.ts";
const PRELUDE = "packages/channel/src/ask/conversation-script.ts";

/**
 * Canaries: the product with one safeguard removed. A scripted run finds each of them; if it did not, the suite would
 * not notice the loss of that safeguard either.
 */
export const VARIANTS: Readonly<Record<string, readonly Change[]>> = {
  /** Writes are not fenced: a worker that was declared dead continues its attempt. */
  "no fence": [
    { file: TURN, from: "if tonumber(r[2]) ~= attempt then return { 'STALE' } end", to: "" },
    { file: TURN, from: "if n <= tonumber(r[3]) then return { 'DONE' } end", to: "" },
    { file: TURN, from: "if n ~= tonumber(r[3]) + 1 then return { 'STALE' } end", to: "" },
    { file: TURN, from: "if r[2] ~= owner then return { 'STALE' } end", to: "" },
    {
      file: "packages/channel/src/ask/finish.ts",
      from: "if attempt >= 0 and (tonumber(r[2]) ~= attempt or tonumber(r[3]) + 1 ~= n) then return { 'STALE' } end",
      to: "",
    },
  ],
  /** A log is read before Redis has confirmed the subscription. */
  "no barrier": [
    {
      file: "apps/edge/src/socketio/membership.ts",
      from: "await within(BARRIER_MS, () => subscriptions.confirmed(channelOf(conversation)));",
      to: "",
    },
  ],
  /** A repeated ask is treated as a new one. */
  "no idempotency record": [
    { file: "packages/channel/src/ask/accept.ts", from: "if known[1] then", to: "if false then" },
  ],
  /** A retried append is written a second time. */
  "no event count": [
    { file: TURN, from: "if n <= tonumber(r[3]) then return { 'DONE' } end", to: "" },
    { file: TURN, from: "if n ~= tonumber(r[3]) + 1 then return { 'STALE' } end", to: "" },
  ],
  /** An event is published before it is written. */
  "publish before log": [
    {
      file: TURN,
      from: "const reply = await runOn(store, ask.address, APPEND, [ask.address.a, at.attempt, at.n, ...rests]);",
      to: `await runOn(store, ask.address, TELL, [at.attempt, ...rests]);
  (globalThis as any)[Symbol.for("docrelay.chaos")].cross("told");
  const reply = await runOn(store, ask.address, APPEND, [ask.address.a, at.attempt, at.n, ...rests]);`,
    },
    {
      file: TURN,
      from: "const APPEND = conversationScript(`",
      to: `const TELL = conversationScript(\`
for i = 2, #arg do
  local event = '{"seq":' .. (tonumber(redis.call('HGET', meta, 'seq')) + i - 1) .. ',"at":' .. ms(now) .. ',"attempt":' .. arg[1] .. ',' .. arg[i]
  redis.call('SPUBLISH', channel, frame_head .. event .. frame_tail)
end
return { 'TOLD' }
\`);
const APPEND = conversationScript(\``,
    },
  ],
  /** Pieces of an answer are published and not written to the log. */
  "no log": [
    {
      file: PRELUDE,
      from: "redis.call('XADD', log, seq .. '-0', 'e', event)",
      to: `if not string.find(event, '"type":"delta"', 1, true) then redis.call('XADD', log, seq .. '-0', 'e', event) end`,
    },
  ],
  /** No process looks for asks whose wake-up job was lost. */
  "no sweeper": [
    {
      file: "apps/worker/src/sweep/sweeper.ts",
      from: "timer = setTimeout(start, everyMs);\n\n  return {",
      to: "void start;\n\n  return {",
    },
  ],
  /** Every reader receives the events of every user. */
  "one room for all": [
    {
      file: "packages/channel/src/redis/keys.ts",
      from: "`c:{${conversation.shard}}:${conversation.c}`;",
      to: "`c:{s00}:everybody-in-here`;",
    },
  ],
};
