import { conversationAddress, publishProgress } from "@docrelay/channel";
import { eventually, freePort } from "@docrelay/testkit";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { CONVERSATION, heard, refused, useEdges, USER, type Client } from "../test/fixture.ts";

const relay = useEdges({ count: 2, each: true, env: { DRAIN_DELAY_MS: "400", MAX_SOCKET_BUFFER_BYTES: "65536" } });
const edge = (n: number): (typeof relay.edges)[number] => {
  const found = relay.edges[n];
  if (!found) throw new Error("no such edge");
  return found;
};
const ready = async (n: number): Promise<number> => (await fetch(`http://127.0.0.1:${edge(n).port}/readyz`)).status;

describe("an edge that stops", () => {
  it("says so, lets nobody in, tells everybody, and closes so that clients come back", async () => {
    const clients = await Promise.all(Array.from({ length: 40 }, () => relay.client(edge(0))));
    const other = await relay.client(edge(1));
    await clients[0]?.ask("one");
    expect([await ready(0), await ready(1)]).toEqual([200, 200]);
    const stopped = edge(0).stop();
    await eventually(async () => (await ready(0)) === 503);
    expect(await refused(relay.client(edge(0)))).toMatchObject({
      code: "SHUTTING_DOWN",
      retryable: true,
      retryAfterMs: 0,
    });
    expect(clients.every(({ socket }) => socket.connected)).toBe(true);
    expect(await stopped).toEqual([]);
    for (const client of clients) {
      await eventually(() => !client.socket.connected);
      expect(client.said.filter(([name]) => name !== "conversations")).toEqual([
        ["closing", expect.objectContaining({ code: "SHUTTING_DOWN", retryable: true, retryAfterMs: 0 })],
        ["disconnect", "transport close"],
      ]);
    }
    await expect(ready(0)).rejects.toThrow("fetch failed");
    expect([await ready(1), other.socket.connected]).toEqual([200, true]);
    // An ask that the drained edge had accepted is followed through another edge.
    await other.open(CONVERSATION);
    await relay.answer(CONVERSATION, ["x"]);
    expect((await heard(other, 3)).at(-1)).toMatchObject({ type: "completed", ask: "one" });
  });

  it("does not wait for a balancer where nobody looks", async () => {
    const lonely = await relay.start({ DRAIN_DELAY_MS: "60000" });
    const client = await relay.client(lonely);
    expect(await lonely.stop()).toEqual([]);
    await eventually(() => !client.socket.connected);
  });
});

const MESSAGE_BYTES = 100_000;
/** The most bytes that a client's socket and WebSocket parser still read after the client was paused. */
const CLIENT_BYTES = 524_288;

/** Returns how many bytes the kernel buffers on loopback for a reader that does not read. */
async function kernelBytes(): Promise<number> {
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const writer = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [reader] = (await once(server, "connection")) as [Socket];
  const chunk = Buffer.alloc(MESSAGE_BYTES);
  let taken = 0;
  const write = (): void =>
    void writer.write(chunk, (error) => {
      if (error) return;
      taken += MESSAGE_BYTES;
      write();
    });
  write();
  let before = -1;
  await eventually(() => {
    const isStill = taken > 0 && taken === before;
    before = taken;
    return isStill;
  });
  writer.on("error", () => undefined);
  writer.destroy();
  reader.destroy();
  server.close();
  return taken;
}

/** Stops a client from reading, as a suspended phone does. */
function wire(client: Client): { pause(): void; resume(): void } {
  const { transport } = client.socket.io.engine as unknown as { transport: { ws: { pause(): void; resume(): void } } };
  return transport.ws;
}

describe("a client that does not read", () => {
  it("is let go instead of being buffered for, and others are not held up", async () => {
    const adminPort = await freePort();
    const own = await relay.start({ ADMIN_PORT: String(adminPort) });
    const [slow, good] = [await relay.client(own), await relay.client(own)];
    for (const client of [slow, good]) await client.open(CONVERSATION);
    wire(slow).pause();
    const isClosed = async (): Promise<boolean> =>
      (await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()).includes('code="SLOW_CONSUMER"');
    const hint = { conversation: CONVERSATION, ask: "x".repeat(MESSAGE_BYTES), stage: "queued" } as const;
    let sent = 0;
    while (sent < 300 && !(await isClosed())) {
      await publishProgress(relay.store, conversationAddress(USER, CONVERSATION), hint);
      sent++;
      await eventually(() => good.said.length === sent, { what: "what others hear" });
    }
    // The edge can have sent only the bytes in the kernel's buffers, those that the paused client still reads, those
    // that the edge lets wait (65,536), and two more messages.
    expect(sent * MESSAGE_BYTES).toBeLessThan((await kernelBytes()) + CLIENT_BYTES + 65_536 + 2 * MESSAGE_BYTES);
    expect(good.socket.connected).toBe(true);

    wire(slow).resume();
    await eventually(() => !slow.socket.connected, { what: "the end of a slow connection" });
    const [[name, error] = [], [end] = []] = slow.said.slice(-2);
    expect([name, error, end]).toEqual(["closing", expect.objectContaining({ code: "SLOW_CONSUMER" }), "disconnect"]);
  });
});
