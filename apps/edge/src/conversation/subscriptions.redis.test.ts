import { createShardedAdapter } from "@socket.io/redis-adapter";
import { eventually, startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { watchSubscriptions } from "./subscriptions.ts";

let server: TestRedis;
beforeAll(async () => void (server = await startRedis()), 30_000);
afterAll(() => server.stop());
const clients: Redis[] = [];
afterEach(() => clients.splice(0).forEach((client) => client.disconnect()));
function client(): Redis {
  const redis = new Redis(server.url);
  redis.on("error", () => undefined);
  clients.push(redis);
  return redis;
}

describe("the watched subscriptions", () => {
  it("see those of the adapter, and of the library when it has connected again", async () => {
    const subscriber = client();
    await eventually(() => subscriber.status === "ready");
    const calls: string[] = [];
    const original = subscriber.ssubscribe.bind(subscriber) as (...channels: string[]) => Promise<unknown>;
    Object.assign(subscriber, {
      ssubscribe: (...channels: string[]) => (calls.push(...channels.map(String)), original(...channels)),
    });
    const subscriptions = watchSubscriptions(subscriber, () => undefined);
    const io = new Server({ adapter: createShardedAdapter(client(), subscriber, { subscriptionMode: "dynamic" }) });
    void io.of("/").adapter.addAll("one", new Set(["a room"]));
    const channel = await eventually(() => calls.find((name) => name.includes("a room")), {
      what: "the adapter's own",
    });
    await subscriptions.confirmed(channel);
    // If `watchSubscriptions` did not notice the adapter's own subscription, `confirmed` would send a second one.
    expect(calls.filter((name) => name === channel)).toHaveLength(1);

    const heard: string[] = [];
    subscriptions.onBack(() => heard.push("back"));
    subscriptions.onResync(() => heard.push("resync"));
    subscriber.on("smessageBuffer", () => heard.push("event"));
    // The event is published as soon as Redis has the subscription again, which is before the subscriber has all
    // confirmations.
    const publisher = client();
    await client().call("CLIENT", "KILL", "TYPE", "pubsub");
    await eventually(async () => Number(await publisher.call("SPUBLISH", channel, "x")) > 0, { everyMs: 1 });
    await eventually(() => heard.includes("event") && heard.includes("resync"), { what: "an event and a resync" });
    expect(heard[0]).toBe("back");
    expect(heard.filter((what) => what !== "event")).toEqual(["back", "resync"]);
    expect(calls.filter((name) => name === channel)).toHaveLength(2);
  });
});
