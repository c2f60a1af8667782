import { createShardedAdapter } from "@socket.io/redis-adapter";
import type { Event } from "@docrelay/protocol";
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Redis } from "ioredis";
import { Server } from "socket.io";
import { io, type Socket } from "socket.io-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "@docrelay/testkit";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { append, channelOf, conversationAddress, decodeFrame, publishProgress, roomOf } from "../index.ts";
import { frameAround } from "./frame.ts";

const channel = useChannel();
let http: HttpServer;
let publisher: Redis;
let subscriber: Redis;
let server: Server;
let client: Socket;
let heard: Array<[name: string, payload: Event]>;

/**
 * Starts the Socket.IO server and its adapter as on an edge. They must be able to read the frames that docrelay
 * publishes.
 */
beforeEach(async () => {
  [publisher, subscriber] = [channel.connect(), channel.connect()];
  http = createServer().listen(0, "127.0.0.1");
  await once(http, "listening");
  server = new Server(http, {
    adapter: createShardedAdapter(publisher, subscriber, { subscriptionMode: "dynamic" }),
  });
  const joined = new Promise<void>((resolve) => {
    server.on("connection", (socket) => {
      void socket.join(roomOf(channel.at));
      // A barrier: Redis replies to the commands of a connection in order, so when this reply comes, the adapter's own
      // subscription is confirmed.
      void subscriber.ssubscribe(channelOf(channel.at)).then(() => resolve());
    });
  });
  client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
    transports: ["websocket"],
    reconnection: false,
  });
  heard = [];
  client.onAny((name: string, payload: Event) => heard.push([name, payload]));
  await joined;
});
afterEach(async () => {
  client.disconnect();
  await server.close();
  // The adapter does not wait for its last commands. If their replies were missing, closing the connections would cause
  // unhandled rejections.
  await Promise.all([publisher.ping(), subscriber.ping()]);
});

describe("the frame of the Socket.IO adapter", () => {
  it("that Lua writes is delivered by a real edge as the event itself", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    const text = 'all of "it" \u2028 🚀 []{}';
    await append(channel.store, ask, { attempt, n: 1 }, { events: [{ type: "delta", text }], nonce: "nonce" });
    await eventually(() => heard.length === 2);
    expect(heard[0]).toEqual(["event", expect.objectContaining({ type: "accepted", seq: 1, files: [] })]);
    expect(heard[1]).toEqual([
      "event",
      {
        seq: 2,
        at: expect.any(Number),
        attempt: 1,
        conversation: CONVERSATION,
        ask: "one",
        nonce: "nonce",
        type: "delta",
        text,
      },
    ]);
  });

  it("carries progress by the same way", async () => {
    const progress = {
      conversation: CONVERSATION,
      ask: "one",
      stage: "extracting",
      file: 0,
      page: 2,
      pages: 9,
    } as const;
    await publishProgress(channel.store, channel.at, progress);
    await eventually(() => heard.length === 1);
    expect(heard).toEqual([["progress", progress]]);
  });

  it("of another conversation does not reach the socket", async () => {
    await channel.ask("other", { conversation: "elsewhere" });
    await channel.ask("one");
    await eventually(() => heard.length === 1);
    expect(heard[0]?.[1]).toMatchObject({ ask: "one" });
  });

  it("decodes what it encodes, and nothing else", () => {
    const at = conversationAddress("someone", "talk");
    const event = { conversation: "talk", ask: "a1", nonce: "n1", type: "delta", text: "x" };
    const [head, tail] = frameAround(at, "event");
    expect(decodeFrame(head + JSON.stringify(event) + tail)).toEqual({ name: "event", event });
    expect(decodeFrame(Buffer.from([0x83, 1, 2]))).toBeUndefined();
    expect(decodeFrame('{"uid":"relay"}')).toBeUndefined();
  });
});
