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
    // If the adapter's own subscription were not noticed, `confirmed` would send a second one.
    expect(calls.filter((name) => name === channel)).toHaveLength(1);

    let resyncs = 0;
    subscriptions.onResync(() => resyncs++);
    await client().call("CLIENT", "KILL", "TYPE", "pubsub");
    await eventually(() => resyncs === 1, { what: "resync" });
    expect(calls.filter((name) => name === channel)).toHaveLength(2);
  });
});
