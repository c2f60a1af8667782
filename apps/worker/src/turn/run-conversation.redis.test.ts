import { begin, channelOf, conversationAddress, take } from "@docrelay/channel";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { echo } from "../../test/engine.ts";
import { shownText, USER, useWorker } from "../../test/fixture.ts";

const at = useWorker();

describe("an ask without files", () => {
  it("goes from the mailbox to the engine, and its reply to the log, complete and in order", async () => {
    await at.here();
    await at.ask("talk", "one", { message: "the quick brown fox" });
    const end = await at.ended("talk", "one");
    expect(end).toMatchObject({ type: "completed", text: "the quick brown fox", attempt: 1 });
    const events = await at.events("talk");
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ type }) => type).filter((type) => type !== "delta")).toEqual([
      "accepted",
      "started",
      "completed",
    ]);
    expect(shownText(events, "one")).toBe("the quick brown fox");
    expect(at.engine.calls).toHaveLength(1);
    expect(at.engine.calls[0]?.message).toBe("the quick brown fox");
  });

  it("sends the engine nothing about the user but an opaque id of the conversation", async () => {
    await at.here();
    await at.ask("talk", "one");
    await at.ask("talk", "two", { origin: "plain", uniqueId: "their-own" });
    await at.ask("talk", "three", { origin: "socket" });
    await at.ended("talk", "three");
    const [one, two, three] = at.engine.calls.map(({ uniqueId }) => uniqueId);
    expect(one).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(two).toBe("their-own");
    expect(three).toBe(one);
  });

  it("logs one warning with the setting, and counts each frame, when an engine streams in mode single", async () => {
    const worker = await at.here({ ENGINE_REPLY: "single" });
    const counted = async (): Promise<string | undefined> =>
      /^docrelay_engine_frames_after_reply_total (\d+)$/m.exec(await worker.resources.metrics.text())?.[1];
    for (const [index, id] of ["one", "two"].entries()) {
      await at.ask("talk", id, { message: "the quick brown fox" });
      expect(await at.ended("talk", id)).toMatchObject({ type: "completed", text: "the " });
      await eventually(async () => (await counted()) === String(index + 1), { what: "the count" });
    }
    const warnings = at.logged.map((line) => JSON.parse(line)).filter(({ msg }) => /after its reply/.test(msg));
    expect(warnings).toMatchObject([{ level: "warn", warning: expect.stringContaining("Set ENGINE_REPLY=stream.") }]);
  });

  it("has the engine's own frame in the completed event in mode single", async () => {
    await at.here({ ENGINE_REPLY: "single" });
    const frame = { message: "all of it", type: "chat", extra: [1, { deep: true }] };
    at.engine.script = (call) => call.send({ ...frame, unique_id: call.uniqueId });
    await at.ask("talk", "one");
    const end = await at.ended("talk", "one");
    expect(end).toMatchObject({ type: "completed", text: "all of it" });
    expect(JSON.parse((end as { frame: string }).frame)).toMatchObject(frame);
    expect((await at.events("talk")).map(({ type }) => type)).toEqual(["accepted", "started", "completed"]);
  });

  it("runs a conversation's asks one at a time, in the order they were accepted", async () => {
    await at.here();
    let going = 0;
    let most = 0;
    at.engine.script = (call) => {
      most = Math.max(most, ++going);
      setTimeout(() => {
        going--;
        echo(call);
      }, 20);
    };
    for (const id of ["a", "b", "c", "d", "e"]) await at.ask("talk", id);
    await at.ended("talk", "e");
    expect(most).toBe(1);
    expect(at.engine.calls.map(({ message }) => message.at(-1))).toEqual(["a", "b", "c", "d", "e"]);
    const order = (await at.events("talk")).filter(({ type }) => type === "completed").map(({ ask }) => ask);
    expect(order).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("runs two conversations at the same time", async () => {
    await at.here();
    at.engine.script = (call, index) => {
      // The first call is answered only when the second one has arrived.
      if (index > 0) for (const one of at.engine.calls) echo(one);
      void call;
    };
    await at.ask("talk", "one");
    await at.ask("other", "two");
    await Promise.all([at.ended("talk", "one"), at.ended("other", "two")]);
  });

  it("takes an ask that was accepted while the last one ran, without waiting for the sweeper", async () => {
    await at.here({}, { sweeper: false });
    let second: Promise<void> | undefined;
    at.engine.script = (call, index) => {
      if (index === 0) second = at.ask("talk", "two").then(() => echo(call));
      else echo(call);
    };
    await at.ask("talk", "one");
    await at.ended("talk", "two");
    await second;
  });
});

describe("a long conversation", () => {
  it("keeps as many events as MAX_CONVERSATION_EVENTS, and its last ask whole", async () => {
    await at.here({ ENGINE_REPLY: "single", MAX_CONVERSATION_EVENTS: "100" });
    at.engine.script = (call) => call.send({ message: "yes", unique_id: call.uniqueId });
    const ids = Array.from({ length: 40 }, (_, index) => `ask-${index}`); // each ask has three events
    for (const id of ids) await at.ask("talk", id);
    await at.ended("talk", "ask-39");
    const events = await at.events("talk");
    expect(events.length).toBeLessThanOrEqual(100);
    expect(events.at(-1)).toMatchObject({ seq: 120, ask: "ask-39", type: "completed" });
  });
});

describe("an engine that fails", () => {
  it("is called again: a new started event voids the text of the first call", async () => {
    await at.here();
    at.engine.script = (call, index) => {
      if (index > 0) return echo(call);
      call.text("wrong ");
      setTimeout(() => call.drop(), 50);
    };
    await at.ask("talk", "one", { message: "right" });
    const end = await at.ended("talk", "one");
    expect(end).toMatchObject({ type: "completed", text: "right", attempt: 2 });
    const events = await at.events("talk");
    expect(events.flatMap((event) => (event.type === "started" ? [event.attempt] : []))).toEqual([1, 2]);
    expect(events).toContainEqual(expect.objectContaining({ type: "delta", attempt: 1, text: "wrong " }));
    expect(shownText(events, "one")).toBe("right");
  });

  it.each([
    ["drops the connection", "ENGINE_UNAVAILABLE", "closed-1006"],
    ["is silent", "ENGINE_TIMEOUT", "timeout-first"],
    ["replies to another ask", "ENGINE_BAD_REPLY", "unique-id"],
  ])("and always %s fails the ask with %s after all attempts", async (what, code, reason) => {
    await at.here({ ENGINE_FIRST_REPLY_TIMEOUT_MS: "100", ENGINE_IDLE_TIMEOUT_MS: "100", MAX_REPLY_BYTES: "10000" });
    at.engine.script = (call) => {
      if (what === "drops the connection") call.drop();
      else if (what === "replies to another ask") call.send({ message: "secret", unique_id: "somebody else" });
    };
    await at.ask("talk", "one");
    const end = await at.ended("talk", "one");
    expect(end).toMatchObject({
      type: "failed",
      attempt: 3,
      error: { code, retryable: true, ask: "one", trace: "trace-one", reason },
    });
    expect(at.engine.calls).toHaveLength(3);
    expect(JSON.stringify(await at.events("talk"))).not.toContain("secret");
  });

  it.each([
    ["hidden", "The AI engine reports an error."],
    ["shown", "The AI engine says: context length exceeded"],
  ])("and reports an error is asked once; ENGINE_ERRORS=%s", async (ENGINE_ERRORS, message) => {
    const worker = await at.here({ ENGINE_ERRORS });
    at.engine.script = (call, index) => {
      if (index === 0) call.text("half ");
      if (index === 0) call.send({ error: { message: "context\nlength exceeded" } });
      else echo(call);
    };
    await at.ask("talk", "one");
    await at.ask("talk", "two");
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "failed",
      attempt: 1,
      error: { code: "ENGINE_BAD_REPLY", reason: "error", message },
    });
    expect(await at.ended("talk", "two")).toMatchObject({ type: "completed", attempt: 1 });
    expect(at.engine.calls).toHaveLength(2);
    const lines = at.logged.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "attempt failed");
    expect(lines).toMatchObject([
      { askId: "one", attempt: 1, code: "ENGINE_BAD_REPLY", cause: "reply-error", said: "context length exceeded" },
    ]);
    const metrics = await worker.resources.metrics.text();
    expect(metrics).toContain('docrelay_engine_calls_failed_total{code="ENGINE_BAD_REPLY",cause="reply-error"} 1');
  });

  it("refuses a prompt as too large: the ask fails at once, with both sizes", async () => {
    await at.here();
    at.engine.script = (call) => call.close(1009, "read limited at 32768 bytes");
    await at.ask("talk", "one", { message: "x".repeat(40_000) });
    expect(await at.ended("talk", "one")).toMatchObject({
      attempt: 1,
      error: { code: "PROMPT_TOO_LARGE", retryable: false, reason: "engine", bytes: 40_065, limit: 32_768 },
    });
    expect(at.engine.calls).toHaveLength(1);
  });

  it("is not sent a prompt over ENGINE_MAX_PROMPT_BYTES", async () => {
    await at.here({ ENGINE_MAX_PROMPT_BYTES: "1000" });
    await at.ask("talk", "one", { message: "x".repeat(1000) });
    expect(await at.ended("talk", "one")).toMatchObject({
      error: {
        code: "PROMPT_TOO_LARGE",
        reason: "setting",
        limit: 1000,
        message: "1 kB of text is more than the AI engine takes (1 kB). Ask about fewer or shorter files.",
      },
    });
    expect(at.engine.calls).toHaveLength(0);
  });

  it("is away: the ask waits for it, says so, and this is no call", async () => {
    await at.here({ ENGINE_ATTEMPTS: "1" });
    const hints: string[] = [];
    const hearing = at.connect();
    await hearing.ssubscribe(channelOf(conversationAddress(USER, "talk")));
    hearing.on("smessageBuffer", (_channel, message: Buffer) => hints.push(message.toString("latin1")));
    await at.engine.shut();
    await at.ask("talk", "one");
    await eventually(() => hints.some((hint) => hint.includes("waiting-for-engine")), { what: "the hint" });
    await at.engine.open();
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", attempt: 1 });
    expect(at.engine.calls).toHaveLength(1);
    expect(at.logged.join("")).toContain('"cause":"refused"');
    expect(at.logged.join("")).not.toContain("attempt failed");
  });

  it("says that it restarts: the ask waits as well, in the same attempt", async () => {
    await at.here({ ENGINE_ATTEMPTS: "1" });
    at.engine.script = (call, index) => (index < 2 ? call.close(1012, "restart") : echo(call));
    await at.ask("talk", "one");
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", attempt: 1 });
    expect(at.engine.calls).toHaveLength(3);
  });

  it("stays away for longer than ENGINE_AWAY_MS: the ask fails once, and the next one runs", async () => {
    await at.here({ ENGINE_AWAY_MS: "300" });
    await at.engine.shut();
    await at.ask("talk", "one");
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "failed",
      attempt: 1,
      error: { code: "ENGINE_UNAVAILABLE", reason: "refused" },
    });
    await at.ask("talk", "two");
    await at.engine.open();
    expect(await at.ended("talk", "two")).toMatchObject({ type: "completed" });
  });

  it("restarts under load: each ask is answered, in whatever state it was", async () => {
    await at.here();
    let slow = true;
    at.engine.script = (call) => {
      call.text("half ");
      if (!slow) call.end();
    };
    const ids = Array.from({ length: 30 }, (_, index) => `ask-${index}`);
    for (const id of ids.slice(0, 20)) await at.ask(id, id);
    await eventually(() => at.engine.calls.length === 20, { what: "the calls" });
    await at.engine.shut();
    slow = false;
    for (const id of ids.slice(20)) await at.ask(id, id);
    await eventually(() => at.logged.filter((line) => line.includes("attempt failed")).length === 20, {
      what: "the cuts",
    });
    await at.engine.open();
    for (const id of ids) expect(await at.ended(id, id)).toMatchObject({ type: "completed", text: "half " });
    expect(at.engine.calls).toHaveLength(50);
  });

  it("is called as often as ENGINE_ATTEMPTS allows", async () => {
    await at.here({ ENGINE_ATTEMPTS: "1" });
    at.engine.script = (call) => call.drop();
    await at.ask("talk", "one");
    expect(await at.ended("talk", "one")).toMatchObject({ type: "failed", attempt: 1 });
    expect(at.engine.calls).toHaveLength(1);
  });
});

describe("an engine call whose worker loses the ask", () => {
  async function spared(): Promise<string | null> {
    const [key = ""] = await at.store.redis.keys("{*}:*:ask:*");
    return at.store.redis.hget(key, "spared");
  }

  it("is not counted: the worker is alive and says so", async () => {
    await at.here({ ENGINE_ATTEMPTS: "1" }, { sweeper: false });
    at.engine.script = (call) => call.text("beginning ");
    await at.ask("talk", "one");
    await eventually(async () => (await at.events("talk")).some(({ type }) => type === "delta"), { what: "the text" });
    // Another worker takes the ask, as it does when this worker's connection to Redis is lost for a moment.
    const talk = conversationAddress(USER, "talk");
    const held = await take(at.store, talk, "other/1");
    if (held.kind !== "held") throw new Error(held.kind);
    const taken = await take(at.store, talk, "other/1", { voided: held.owner });
    if (taken.kind !== "taken") throw new Error(taken.kind);
    await eventually(async () => (await spared()) === "1", { what: "the word of the worker" });
    await eventually(() => at.engine.calls[0]?.closed, { what: "the end of its call" });
    expect(await begin(at.store, taken.ask, "other/1", 1)).toEqual({ kind: "begun", attempt: 2 });
  });

  it("is not counted when its process stops: the next one answers", async () => {
    const first = await at.here({ ENGINE_ATTEMPTS: "1" });
    at.engine.script = (call) => call.text("beginning ");
    await at.ask("talk", "one");
    await eventually(async () => (await at.events("talk")).some(({ type }) => type === "delta"), { what: "the text" });
    await at.here({ ENGINE_ATTEMPTS: "1" });
    at.engine.script = echo;
    await first.stop();
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", text: "question one", attempt: 2 });
  });
});

describe("a deadline", () => {
  it("ends the ask and closes its engine connection", async () => {
    await at.here({}, { sweeper: false });
    at.engine.script = (call) => call.text("beginning ");
    await at.ask("talk", "one", {}, { deadlineMs: 300 });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "failed", error: { code: "ASK_EXPIRED" } });
    await eventually(() => at.engine.calls[0]?.closed);
    at.engine.script = echo;
    await at.ask("talk", "two");
    expect(await at.ended("talk", "two")).toMatchObject({ type: "completed" });
  });
});
