/** A line of the product's source and its replacement in a broken variant. */
export interface Change {
  /** The end of the path of the file in which the line is. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const ASK = "packages/channel/src/ask";
const TURN = `${ASK}/turn.ts`;
const APPEND = `${ASK}/append.lua`;
const OWNED = "if current ~= owner then return { 'STALE' } end";
const RECORDED = "if record.owner ~= owner then return { 'STALE' } end";

/**
 * Canaries: the product with one safeguard removed. A scripted run finds each of them; if it did not, the suite would
 * not notice the loss of that safeguard either.
 */
export const VARIANTS: Readonly<Record<string, readonly Change[]>> = {
  /** Writes are not fenced: a worker that was declared dead continues its attempt. */
  "no fence": [
    { file: APPEND, from: "if tonumber(currentAttempt) ~= attempt then return { 'STALE' } end", to: "" },
    { file: APPEND, from: "if n <= tonumber(written) then return { 'DONE' } end", to: "" },
    { file: APPEND, from: "if n ~= tonumber(written) + 1 then return { 'STALE' } end", to: "" },
    { file: `${ASK}/confirm.lua`, from: OWNED, to: "" },
    ...["release", "begin"].map((step) => ({ file: `${ASK}/${step}.lua`, from: RECORDED, to: "" })),
    { file: `${ASK}/finish.lua`, from: "local isFenced = attempt >= 0", to: "local isFenced = false" },
  ],
  /** A log is read before Redis has confirmed the subscription. */
  "no barrier": [
    {
      file: "apps/edge/src/socketio/membership.ts",
      from: "await within(BARRIER_MS, () => this.#subscriptions.confirmed(channelOf(conversation)));",
      to: "",
    },
  ],
  /** A repeated ask is treated as a new one. */
  "no idempotency record": [{ file: `${ASK}/accept.lua`, from: "if knownDigest then", to: "if false then" }],
  /** A retried append is written a second time. */
  "no event count": [
    { file: APPEND, from: "if n <= tonumber(written) then return { 'DONE' } end", to: "" },
    { file: APPEND, from: "if n ~= tonumber(written) + 1 then return { 'STALE' } end", to: "" },
  ],
  /** An event is published before it is written. */
  "publish before log": [
    {
      file: TURN,
      from: "const reply = await runStep(store, ask.address, APPEND, {",
      to: `await runStep(store, ask.address, APPEND, { ask: ask.address.a, attempt: -1 - at.attempt, n: at.n, owner: "", resume: "", tails });
  (globalThis as any)[Symbol.for("docrelay.chaos")].cross("told");
  const reply = await runStep(store, ask.address, APPEND, {`,
    },
    {
      file: APPEND,
      from: "local state, currentAttempt,",
      to: `if attempt < 0 then
  for i, tail in ipairs(tails) do
    local seq = tonumber(redis.call('HGET', meta, 'seq')) + i
    local event = '{"seq":' .. seq .. ',"at":' .. ms(now) .. ',"attempt":' .. (-1 - attempt) .. ',' .. tail
    redis.call('SPUBLISH', channel, frameHead .. event .. frameTail)
  end
  return { 'PUBLISHED' }
end
local state, currentAttempt,`,
    },
  ],
  /** Deltas of an answer are published and not written to the log. */
  "no log": [
    {
      file: `${ASK}/conversation.lua`,
      from: "redis.call('XADD', log, seq .. '-0', 'e', event)",
      to: `if not string.find(event, '"type":"delta"', 1, true) then redis.call('XADD', log, seq .. '-0', 'e', event) end`,
    },
  ],
  /** No process looks for asks whose bell was lost. */
  "no sweeper": [
    {
      file: "apps/worker/src/sweep/sweeper.ts",
      from: "timer = setTimeout(start, everyMs);\n  membership.on({",
      to: "void start;\n  membership.on({",
    },
  ],
  /** A process takes the time from its own clock instead of the clock of Redis. */
  "own clock": [
    {
      file: "packages/channel/src/redis/store.ts",
      from: "return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);",
      to: "void [seconds, micros]; return Date.now();",
    },
  ],
  /** A log is read from any position whose seq it has, even if the event with that seq is another one. */
  "no nonce": [
    {
      file: "packages/channel/src/log/read.lua",
      from: `if not known or not string.find(known[2][2], '"nonce":"' .. nonce .. '"', 1, true) then return { 'LOST' } end`,
      to: "if not known then return { 'LOST' } end",
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

/** Makes a worker sweep even while another worker is the leader. This must do no harm. */
export const LEADS: Change = {
  file: "apps/worker/src/bell/membership.ts",
  from: "return roster.leader === worker;",
  to: "return true;",
};
