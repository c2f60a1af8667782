import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { append, cancel, CANCEL_CHANNEL, handBack, openLog, park, parseCancelled, take } from "../index.ts";

const channel = useChannel();
const drop = (id: string, conversation = CONVERSATION, user = channel.user) =>
  cancel(channel.store, { user, conversation, id, nonce: "nonce" });
const types = async () => {
  const log = await openLog(channel.store, channel.user, CONVERSATION);
  return log.kind === "opened" ? log.events.map((event) => event.type) : [];
};

describe("cancel", () => {
  it("ends a queued ask at once, also behind others", async () => {
    await channel.ask("one");
    await channel.ask("two");
    expect(await drop("two")).toMatchObject({ kind: "cancelled" });
    expect(await types()).toEqual(["accepted", "accepted", "cancelled"]);
    expect((await channel.taken()).ask.id).toBe("one");
  });

  it("ends a parked ask at once", async () => {
    await channel.ask("one");
    const { ask, owner } = await channel.taken();
    await park(channel.store, ask, owner);
    expect(await drop("one")).toMatchObject({ kind: "cancelled" });
    expect(await take(channel.store, channel.at, "me")).toEqual({ kind: "empty" });
  });

  it("flags a running ask and publishes a hint for the workers", async () => {
    const subscriber = channel.connect();
    await subscriber.subscribe(CANCEL_CHANNEL);
    const heard = new Promise<string>((resolve) => subscriber.on("message", (_channel, message) => resolve(message)));
    await channel.ask("one");
    const { ask } = await channel.taken();
    expect(await drop("one")).toMatchObject({ kind: "flagged" });
    expect(parseCancelled(await heard)).toEqual({ u: ask.address.u, a: ask.address.a });
    expect(await types()).toEqual(["accepted"]);
    expect((await channel.taken()).ask.cancelled).toBe(true);
  });

  it("flags an ask handed back with part of an answer: a worker reads that part and ends it", async () => {
    await channel.ask("one");
    const { ask, owner, attempt } = await channel.begun();
    await append(channel.store, ask, { attempt, n: 1 }, { events: [{ type: "delta", text: "part" }], nonce: "n" });
    await handBack(channel.store, ask, owner);
    expect(await drop("one")).toMatchObject({ kind: "flagged" });
    expect((await channel.taken()).ask).toMatchObject({ cancelled: true, attempt: 1 });
  });

  it("is idempotent at every stage", async () => {
    await channel.ask("one");
    expect(await drop("one")).toMatchObject({ kind: "cancelled" });
    expect(await drop("one")).toEqual({ kind: "ended" });
    await channel.ask("two");
    await channel.taken();
    expect(await drop("two")).toMatchObject({ kind: "flagged" });
    expect(await drop("two")).toMatchObject({ kind: "flagged" });
    expect(await types()).toEqual(["accepted", "cancelled", "accepted"]);
  });

  it("knows no ask of another user, nor of another conversation", async () => {
    await channel.ask("one");
    expect(await drop("one", CONVERSATION, "another")).toEqual({ kind: "unknown" });
    expect(await drop("one", "elsewhere")).toEqual({ kind: "unknown" });
    expect(await drop("never")).toEqual({ kind: "unknown" });
    expect(await types()).toEqual(["accepted"]);
  });

  it("ignores a message that is not a hint", () => {
    expect(parseCancelled("")).toBeUndefined();
    expect(parseCancelled("one-part")).toBeUndefined();
  });
});
