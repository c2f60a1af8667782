import { eventually, shared } from "@docrelay/testkit";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { createRateLimiter } from "../limits/rate-limit.ts";
import { startPlain, useEnding, type Plain } from "../../test/plain-fixture.ts";

/**
 * Fragments of a WebSocket message, each with one masked byte. `BEGUN` is the first fragment of a text message, `PIECE`
 * continues the message, and neither of them ends it.
 */
const PIECE = [0x00, 0x81, 0, 0, 0, 0, 0x61];
const BEGUN = [0x01, 0x81, 0, 0, 0, 0, 0x61];

const ending = useEnding();
const start = async (of: Parameters<typeof startPlain>[0] = {}): Promise<Plain> => {
  const plain = await startPlain(of);
  ending(plain);
  return plain;
};

describe("bad input", () => {
  it("is refused by a frame and closes the connection after twenty in ten seconds", async () => {
    const plain = await start();
    const ear = await plain.connect();
    const bad = ["{", "null", "[]", '"x"', "{}", '{"type":7}', "[".repeat(10)];
    for (const text of bad) ear.say(text);
    ear.ws.send(Buffer.from("binary"), { binary: true });
    await ear.next(8);
    expect(ear.frames.map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => "BAD_MESSAGE"));
    expect(ear.closedWith()).toBeUndefined();
    for (let index = 0; index < 12; index++) ear.say("{");
    await eventually(() => ear.closedWith() === 4400);
    expect(plain.asks).toEqual([]);
    expect(plain.logged).toEqual([]);
  });

  it.each([
    ["invalid UTF-8", [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe], 1007],
    ["a length of 2^40", [0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1009],
    ["no mask", [0x81, 0x01, 0x61], 1002],
    ["RSV1", [0xc1, 0x81, 0, 0, 0, 0, 0x61], 1002],
    ["an unknown opcode", [0x83, 0x80, 0, 0, 0, 0], 1002],
    ["a continuation first", [0x80, 0x80, 0, 0, 0, 0], 1002],
    ["a ping of 126 bytes", [0x89, 0xfe, 0, 126, 0, 0, 0, 0], 1002],
    ["a close code that nobody may send", [0x88, 0x82, 0, 0, 0, 0, 1005 >> 8, 1005 & 255], 1002],
    ["fragments without end", [...BEGUN, ...Array.from({ length: 2000 }, () => PIECE).flat()], 1008],
  ])("%s ends that connection and no other", async (_name, bytes, code) => {
    const plain = await start();
    const other = await plain.connect();
    const answer = await rawExchange(plain.url, Uint8Array.from(bytes));
    // The edge must send a close frame: the bytes 0x88 0x02, then the code.
    expect(answer.includes(Buffer.from([0x88, 0x02, code >> 8, code & 255]))).toBe(true);
    other.say({ message: "still here" });
    await plain.taken(0);
  });

  it("of a large frame is a strike, too: it has cost its decoding", async () => {
    const plain = await start();
    const ear = await plain.connect();
    const large = JSON.stringify({ message: "", file: { name: "a.pdf", content: "*".repeat(300_000) } });
    for (let index = 0; index < 20; index++) ear.say(large);
    await eventually(() => ear.closedWith() === 4400);
    expect(ear.frames[0]).toMatchObject({ code: "FILE_CORRUPT" });
  });

  it("of large frames comes before they are decoded when there are too many", async () => {
    const plain = await start({ largeRate: createRateLimiter({ perSecond: 0.001, burst: 1 }) });
    const ear = await plain.connect();
    const large = JSON.stringify({ message: "x".repeat(300_000) });
    for (let index = 0; index < 3; index++) ear.say(large);
    await ear.next(3);
    expect(ear.frames.map(({ code }) => code)).toEqual(["PAYLOAD_TOO_LARGE", "RATE_LIMITED", "RATE_LIMITED"]);
    expect(plain.endpoint.largeFrames).toBe(1);
  });

  it("closes one that floods it with pings", async () => {
    const plain = await start();
    const ear = await plain.connect();
    for (let index = 0; index < 1000; index++) ear.ws.ping();
    await eventually(() => ear.closedWith() === 4429);
  });
});

describe("fragments", () => {
  it("make one frame, as browsers send large ones, and count together against the cap", async () => {
    const plain = await start({ limits: { messageChars: 32_000, fileBytes: 1000, filesPerAsk: 8 } });
    const ear = await plain.connect();
    const text = JSON.stringify({ message: "in pieces", unique_id: "me" });
    for (const char of text) ear.ws.send(char, { fin: false });
    ear.ws.send(" ", { fin: true });
    await plain.taken(0);
    expect(plain.asks[0]).toMatchObject({ message: "in pieces", uniqueId: "me" });
    for (let sent = 0; sent < 20; sent++) ear.ws.send("x".repeat(5000), { fin: false });
    await eventually(() => ear.closedWith() === 1009);
  });
});

describe("the list of bad inputs", () => {
  it("holds nothing about plain sockets that is not tested here", (context) => {
    const list = shared("security/bad-inputs.jsonl");
    if (!list) return context.skip("../shared/security/bad-inputs.jsonl is not here");
    const lines = readFileSync(list, "utf8").trim().split("\n");
    const ids = lines.map((line) => JSON.parse(line) as { id: string; surface: string });
    // All inputs of this list are tested in this file or in the decoder's test file, with two exceptions: W03, which
    // concerns the paths of the HTTP server, and the part of W17 that sends a byte now and then.
    const tested = "W01 W02 W03 W05 W06 W07 W09 W10 W11 W13 W14 W15 W17 W18 W19 W21 W22".split(" ");
    expect(ids.filter(({ surface }) => surface === "ws").map(({ id }) => id)).toEqual(tested);
  });
});

/**
 * Upgrades a TCP connection to the edge, sends raw bytes, and returns everything that arrives until the edge ends the
 * connection.
 */
async function rawExchange(url: string, bytes: Uint8Array): Promise<Buffer> {
  const { port, host, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.on("error", () => undefined);
  const key = randomBytes(16).toString("base64");
  const head = ["connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13", `sec-websocket-key: ${key}`];
  socket.write(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n${head.join("\r\n")}\r\n\r\n`);
  let said = Buffer.alloc(0);
  let sent = false;
  for await (const chunk of socket) {
    said = Buffer.concat([said, chunk as Buffer]);
    if (!sent && said.includes("\r\n\r\n")) socket.write(bytes);
    sent = true;
  }
  return said;
}
