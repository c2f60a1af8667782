import { fuzzText, fuzzValue } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { readPacket } from "../link/packets.ts";
import { readError, readLogEntry, readOpened, readSession, readUploadHint, readWelcome } from "./payloads.ts";
import { tryRead } from "./read.ts";

const error = { code: "BUSY", message: "later", retryable: true };
const event = { conversation: "c", seq: 1, nonce: "n", ask: "a", attempt: 0, at: 1, type: "failed", error };
const limits = {
  messageChars: 1,
  inlineFileBytes: 1,
  fileBytes: 1,
  filesPerAsk: 1,
  chunkBytes: 1,
  pagesPerFile: 1,
  asksInFlight: 1,
};

it("what a server sends is read, or is no packet", async () => {
  const packets = [
    '0{"sid":"s"}',
    `42["event",${JSON.stringify(event)}]`,
    '437[{"ok":true}]',
    "2",
    '44{"data":{}}',
    "40",
  ];
  await fuzzText(packets, (packet) => {
    try {
      expect(readPacket(packet).type).toBeTypeOf("string");
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError);
    }
  });
});

it("a payload of a server is read again as it was read, or is unreadable", async () => {
  const readers = [readError, readLogEntry, readOpened, readSession, readUploadHint, readWelcome];
  const payloads = [
    error,
    event,
    { events: [event], more: false, first: 1, head: { seq: 1, nonce: "n" } },
    { token: "t", user: "u", expiresAt: 1 },
    { upload: "u", stage: "failed", error },
    { user: "u", protocol: 1, node: "n", limits, expiresAt: 1 },
  ];
  await fuzzValue(payloads, (value) => {
    for (const read of readers) {
      const payload = tryRead(read as (value: unknown) => unknown, value);
      if (payload !== undefined) expect(tryRead(read as (value: unknown) => unknown, payload)).toEqual(payload);
    }
  });
});
