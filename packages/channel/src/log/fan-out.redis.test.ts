import type { Event } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { conversationAddress, createFanOut, openLog, publishProgress, type Listener } from "../index.ts";
import { channelOf } from "../redis/keys.ts";

const channel = useChannel();
let stops: Array<() => void> = [];
afterEach(() => {
  for (const stop of stops) stop();
  stops = [];
});

function ear(): Listener & { events: Event[]; pages: number[]; resyncs: number } {
  const heard = { events: [] as Event[], pages: [] as number[], resyncs: 0 };
  return Object.assign(heard, {
    event: (event: Event) => void heard.events.push(event),
    progress: (progress: { page?: number | undefined }) => void heard.pages.push(progress.page ?? 0),
    resync: () => void heard.resyncs++,
  });
}

describe("fan-out", () => {
  it("delivers a conversation's events and progress to its listeners only", async () => {
    const fanOut = createFanOut(channel.connect());
    const mine = ear();
    const other = ear();
    stops.push(await fanOut.listen(channel.at, mine));
    stops.push(await fanOut.listen(conversationAddress(channel.user, "elsewhere"), other));
    await channel.ask("one");
    await publishProgress(channel.store, channel.at, {
      conversation: CONVERSATION,
      ask: "one",
      stage: "extracting",
      page: 3,
    });
    await eventually(() => mine.pages.length === 1);
    expect(mine.events).toMatchObject([{ type: "accepted", ask: "one", seq: 1 }]);
    expect(mine.pages).toEqual([3]);
    expect(other.events).toEqual([]);
  });

  it("misses nothing between a confirmed subscription and the log read after it", async () => {
    const fanOut = createFanOut(channel.connect());
    for (let round = 0; round < 30; round++) {
      await channel.store.redis.flushall();
      const writing = (async () => {
        for (let index = 0; index < 20; index++) await channel.ask(`ask-${index}`);
      })();
      const mine = ear();
      const stop = await fanOut.listen(channel.at, mine);
      const log = await openLog(channel.store, channel.user, CONVERSATION);
      await writing;
      const read = log.kind === "opened" ? log.events.map(({ seq }) => seq) : [];
      const union = () => new Set([...read, ...mine.events.map(({ seq }) => seq)]);
      await eventually(() => union().size === 20);
      stop();
    }
  });

  it("subscribes once per channel and unsubscribes with the last listener", async () => {
    const fanOut = createFanOut(channel.connect());
    const first = await fanOut.listen(channel.at, ear());
    const second = await fanOut.listen(channel.at, ear());
    const subscribers = () => channel.store.redis.call("PUBSUB", "SHARDNUMSUB", channelOf(channel.at));
    expect(await subscribers()).toEqual([channelOf(channel.at), 1]);
    first();
    first();
    expect(fanOut.channels).toBe(1);
    second();
    expect(fanOut.channels).toBe(0);
    await eventually(async () => ((await subscribers()) as unknown[])[1] === 0);
  });

  it("requests a resync after its connection came back, and delivers again", async () => {
    const subscriber = channel.connect();
    const fanOut = createFanOut(subscriber);
    const mine = ear();
    stops.push(await fanOut.listen(channel.at, mine));
    await channel.store.redis.client("KILL", "ID", String(await idOf(subscriber)));
    await eventually(() => mine.resyncs > 0);
    await eventually(async () => {
      await channel.ask(`ask-${Math.random().toString(36).slice(2)}`);
      return mine.events.length > 0;
    });
  });

  it("ignores frames that are not ours", async () => {
    const fanOut = createFanOut(channel.connect());
    const mine = ear();
    stops.push(await fanOut.listen(channel.at, mine));
    for (const junk of ["", "{", "null", "[]", '{"uid":"an edge","data":{"packet":{"data":["event",{}]}}}']) {
      await channel.store.redis.spublish(channelOf(channel.at), junk);
    }
    await channel.ask("one");
    await eventually(() => mine.events.length === 1);
  });
});

/** Returns the id of a subscriber's connection: a subscribed connection cannot run CLIENT ID itself. */
async function idOf(subscriber: { options: { connectionName?: string | undefined } }): Promise<number> {
  const list = String(await channel.store.redis.client("LIST", "TYPE", "PUBSUB"));
  const ids = list.split("\n").flatMap((line) => (line.includes("ssub=1") ? Number(/id=(\d+)/.exec(line)?.[1]) : []));
  void subscriber;
  return ids.at(-1) ?? 0;
}
