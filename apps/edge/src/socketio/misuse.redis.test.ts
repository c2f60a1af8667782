import { conversationAddress, userAddress } from "@docrelay/channel";
import { eventually } from "@docrelay/testkit";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { CONVERSATION, useEdges, USER, type Answer, type Client } from "../../test/fixture.ts";

const relay = useEdges({ count: 1 });
const MARK = "words-that-belong-to-a-user";

/** Opens a WebSocket on which the test itself writes Socket.IO frames. `frames`: the frames that have arrived. */
async function byHand(): Promise<{ socket: WebSocket; frames: string[] }> {
  const socket = new WebSocket(`ws://127.0.0.1:${relay.edges[0]?.port}/socket.io/?EIO=4&transport=websocket`);
  const frames: string[] = [];
  socket.on("message", (data: Buffer) => frames.push(data.toString()));
  await once(socket, "open");
  return { socket, frames };
}
const join = async (user: string): Promise<string> =>
  `40${JSON.stringify({ token: await relay.token(user), protocol: 1 })}`;
const welcomes = (frames: string[]): number => frames.filter((frame) => frame.startsWith('42["welcome"')).length;

describe("one connection", () => {
  it("is one user's, however often it joins while it is being let in", async () => {
    const { socket, frames } = await byHand();
    const closed = once(socket, "close");
    const joins = await Promise.all(Array.from({ length: 30 }, (_, n) => join(`user-${n}`)));
    for (const frame of joins) socket.send(frame);
    await closed;
    expect(welcomes(frames)).toBeLessThanOrEqual(1);
  });

  it("ends when it leaves, and its place is free again", async () => {
    for (let n = 1; n <= 55; n++) {
      const { socket, frames } = await byHand();
      const closed = once(socket, "close");
      socket.send(await join("leaver"));
      await eventually(() => frames.at(-1)?.startsWith("42"), { everyMs: 2 });
      socket.send("41");
      await closed;
    }
  });

  it("may try again with another token after it was refused", async () => {
    const { socket, frames } = await byHand();
    socket.send('40{"token":"a.b.c","protocol":1}');
    await eventually(() => frames.at(-1)?.includes("AUTH_INVALID"));
    socket.send(await join("another"));
    await eventually(() => welcomes(frames) === 1);
    socket.close();
  });
});

describe("what an edge keeps", () => {
  it("is no channel once nobody hears it", async () => {
    const channels = async (): Promise<unknown> => relay.store.redis.call("PUBSUB", "SHARDCHANNELS", "socket.io#/#c:*");
    const clients = await Promise.all(Array.from({ length: 10 }, () => relay.client()));
    for (const client of clients) for (let n = 0; n < 20; n++) await client.open(`c${n}`);
    expect(await channels()).toHaveLength(20);
    for (const { socket } of clients.slice(1)) socket.disconnect();
    for (let n = 0; n < 10; n++) await clients[0]?.send("conversation:close", { conversation: `c${n}` });
    await eventually(async () => ((await channels()) as string[]).length === 10);
    // When a client disconnects while it opens conversations, no subscription remains.
    for (let n = 20; n < 40; n++) void clients[0]?.open(`c${n}`).catch(() => undefined);
    clients[0]?.socket.disconnect();
    await eventually(async () => ((await channels()) as string[]).length === 0);
  });

  it("is nothing that a user wrote in its log, also when Redis holds what it did not write", async () => {
    const client = await relay.client();
    const { shard, u } = userAddress(USER);
    await relay.store.redis.set(`{${shard}}:${u}:live`, "not a set");
    const file = { name: `${MARK}.pdf`, type: "", bytes: Buffer.from(`%PDF-${MARK}`), password: MARK };
    const answer = await client.ask("one", { message: MARK });
    expect(answer.error).toEqual({
      code: "INTERNAL",
      message: expect.any(String) as string,
      retryable: true,
      trace: expect.any(String) as string,
    });
    expect((await client.ask("two", { message: MARK, files: [file] })).error?.code).toBe("INTERNAL");
    await relay.store.redis.set(`{${shard}}:${conversationAddress(USER, MARK).c}:log`, "not a stream");
    expect((await client.open(MARK)).error?.code).toBe("INTERNAL");
    await eventually(() => relay.logged.join("").includes(answer.error?.trace ?? "no trace"));
    expect(relay.logged.join("")).toMatch(/WRONGTYPE/);
    expect(relay.logged.join("")).not.toContain(MARK);
  });
});

describe("packets that are no events", () => {
  it.each([
    ["pongs", "3"],
    ["acknowledgements that nobody asked for", "431[]"],
  ])("end their connection when there are too many %s, and a few do not", async (_, frame) => {
    const { socket, frames } = await byHand();
    const closed = once(socket, "close");
    socket.send(await join("flooder"));
    await eventually(() => welcomes(frames) === 1);
    for (let sent = 0; sent < 50; sent++) socket.send(frame);
    socket.send('421["conversation:open",{"conversation":"a"}]');
    await eventually(() => frames.some((one) => one.startsWith("431")));
    for (let sent = 0; sent < 100; sent++) socket.send(frame);
    await closed;
    expect(frames.at(-1)).toContain("RATE_LIMITED");
  });

  it("are also pongs of the WebSocket itself", async () => {
    const { socket, frames } = await byHand();
    const closed = once(socket, "close");
    socket.send(await join("flooder"));
    await eventually(() => welcomes(frames) === 1);
    for (let sent = 0; sent < 150; sent++) socket.pong();
    await closed;
    expect(frames.at(-1)).toContain("RATE_LIMITED");
  });

  it("are also probes of a client that upgrades from polling", async () => {
    const edge = await relay.start({ TRANSPORTS: "websocket,polling" });
    const base = `127.0.0.1:${edge.port}/socket.io/?EIO=4&transport=`;
    const hello = await (await fetch(`http://${base}polling`)).text();
    const { sid } = JSON.parse(hello.slice(1)) as { sid: string };
    const socket = new WebSocket(`ws://${base}websocket&sid=${sid}`);
    let answers = 0;
    socket.on("message", () => answers++);
    await once(socket, "open");
    const closed = once(socket, "close");
    for (let sent = 0; sent < 1000; sent++) socket.send("2probe");
    await closed;
    expect(answers).toBeLessThan(200);
  });

  it("are no events of the main namespace, whether or not they name it", async () => {
    const { socket, frames } = await byHand();
    socket.send(await join("client"));
    await eventually(() => welcomes(frames) === 1);
    for (let sent = 0; sent < 150; sent++) socket.send('42/,7["conversation:open",{"conversation":"a"}]');
    await eventually(() => frames.filter((frame) => frame.startsWith("437")).length === 150);
    socket.close();
  });
});

describe("a crowd that uploads", () => {
  it("gets through, and texts are not held up for it", async () => {
    const size = 12 * 65_536;
    const bytes = Buffer.alloc(size, "x");
    const send = async (client: Client, name: string, body: object): Promise<Answer> => {
      while (true) {
        const answer = await client.send(name, body);
        if (answer.error?.code !== "BUSY" && answer.error?.reason !== "offset") return answer;
      }
    };
    const upload = async (user: string): Promise<Answer[]> => {
      const client = await relay.client(undefined, user);
      const first = Buffer.concat([Buffer.from(`%PDF-${user}`), bytes]).subarray(0, 65_536);
      await send(client, "upload:start", { upload: "u", name: "a.pdf", type: "", size });
      await send(client, "upload:chunk", { upload: "u", offset: 0, bytes: first });
      let last: Answer[] = [];
      for (let at = 1; at < 12; at += 4) {
        const offsets = [at, at + 1, at + 2, at + 3].filter((n) => n < 12).map((n) => n * 65_536);
        last = await Promise.all(
          offsets.map((offset) =>
            send(client, "upload:chunk", { upload: "u", offset, bytes: bytes.subarray(offset, offset + 65_536) }),
          ),
        );
      }
      return last;
    };
    const uploads = Promise.all(Array.from({ length: 30 }, (_, n) => upload(`user-${n}`)));
    const asking = await relay.client();
    for (let n = 0; n < 10; n++) expect(await asking.ask(`a${n}`)).toMatchObject({ ok: true });
    for (const answers of await uploads) expect(answers.at(-1)).toEqual({ ok: true, offset: size, done: true });
    expect(await asking.open(CONVERSATION)).toMatchObject({ ok: true, head: { seq: 10 } });
  });
});

describe("a packet that does not become whole", () => {
  const announced = '451-["ask",{"_placeholder":true,"num":0}]';

  it("is given up with its connection when it has more bytes than any packet", async () => {
    const { socket, frames } = await byHand();
    const closed = once(socket, "close");
    socket.send(await join("one"));
    await eventually(() => welcomes(frames) === 1);
    socket.send(announced.replace("51", "59"));
    for (let n = 0; n < 4; n++) socket.send(Buffer.alloc(700_000));
    await eventually(() => frames.at(-1)?.includes("PAYLOAD_TOO_LARGE"));
    const told = performance.now();
    await closed;
    // The edge no longer reads, so it never sees the client's close frame. The library `ws` would wait 10 s for that
    // frame and keep the received bytes; the edge ends the connection after one second.
    expect(performance.now() - told).toBeLessThan(6000);
  });

  it("counts also when its frames come whole, and no more once it is complete", async () => {
    const { socket, frames } = await byHand();
    socket.send(await join("two"));
    await eventually(() => welcomes(frames) === 1);
    for (let n = 0; n < 6; n++) {
      socket.send(announced.replace("451-", `451-${n}`));
      socket.send(Buffer.alloc(700_000));
    }
    await eventually(() => frames.filter((frame) => frame.startsWith("43")).length === 6);
    expect(socket.readyState).toBe(socket.OPEN);
    socket.close();
  });

  it.each([
    ["with more than a token needs", "x".repeat(17_000)],
    ["with attachments", announced],
    ["of bytes", Buffer.from("bytes")],
  ])("is not kept before the client is admitted: %s", async (_name, data) => {
    const { socket } = await byHand();
    const closed = once(socket, "close");
    socket.send(typeof data === "string" && data.startsWith("x") ? `40${JSON.stringify({ token: data })}` : data);
    await closed;
  });
});
