import { once } from "node:events";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { startStandIn } from "../../test/stand-in.ts";
import { sendFile } from "../side/file-sender.ts";
import { openRelaySocket, type RelaySocket } from "./relay-socket.ts";
import { createServer } from "node:net";

function open(
  url: string,
  more: { token?: string; timeoutMs?: number; onEnd?: (why: string) => void } = {},
): Promise<RelaySocket> {
  return openRelaySocket({
    url,
    token: "token-1",
    timeoutMs: 3000,
    onEvent: () => undefined,
    onEnd: () => undefined,
    ...more,
  });
}

describe("a raw connection, against the real Socket.IO server", () => {
  it("gets the acknowledgement of each of many calls", async () => {
    await using relay = await startStandIn();
    const socket = await open(relay.url);
    const ids = Array.from({ length: 50 }, (_, index) => `upload-${index}`);
    const acks = await Promise.all(ids.map((upload) => socket.call("upload:start", { upload, size: 10 }, 3000)));
    expect(acks.map((ack) => ack["upload"])).toEqual(ids);
    socket.close();
  });

  it("sends a file whole, byte for byte, also when chunks have to come again", async () => {
    await using relay = await startStandIn();
    const socket = await open(relay.url);
    const bytes = Buffer.from(Array.from({ length: 50_001 }, (_, index) => (index * 7) % 256));
    const { upload, busy } = await sendFile(socket, "a.pdf", bytes, () => undefined);
    expect(busy).toBeGreaterThan(0);
    expect(relay.uploads.get(upload)?.equals(bytes)).toBe(true);
    socket.close();
  });

  it("says why it was refused, and that nobody answers", async () => {
    await using relay = await startStandIn();
    await expect(open(relay.url, { token: "wrong" })).rejects.toThrow("AUTH_INVALID");
    const mute = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as { port: number };
    await expect(open(`http://127.0.0.1:${port}`, { timeoutMs: 200 })).rejects.toThrow();
    mute.close();
  });

  it("tells of its end, and what was called then fails", async () => {
    const ends: string[] = [];
    const relay = await startStandIn();
    const socket = await open(relay.url, { onEnd: (why) => void ends.push(why) });
    const call = expect(socket.call("nobody-answers", {}, 3000)).rejects.toThrow("closed");
    await relay[Symbol.asyncDispose]();
    await call;
    await eventually(() => ends.length === 1 && !socket.open);
  });
});
