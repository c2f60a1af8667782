import { fuzzBytes, fuzzText } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { parseCancelled } from "./ask/cancel.ts";
import { parseBeat, parseBell } from "./bell/message.ts";
import { ChannelError } from "./channel-error.ts";
import { parseUserHint } from "./conversations/user-hints.ts";
import { parseRevocation } from "./deployment/revocations.ts";
import { decodeFrame, frameAround } from "./log/frame.ts";
import { conversationAddress } from "./redis/address.ts";
import { readEvent, sealEvent } from "./sealing/sealed-event.ts";
import { createSealing } from "./sealing/sealing.ts";
import { packPages, unpackPages } from "./texts/pack-text.ts";
import { parseHint } from "./uploads/hints.ts";

/*
 * Data in Redis were written by docrelay, unless another program wrote there. Whatever the data are, a reader reports
 * an error or drops them, and no process ends.
 */
const SEALING = createSealing(["a".repeat(64)]);
const at = conversationAddress("user", "talk");
const HEAD = { conversation: "talk", ask: "a1", nonce: "n1" };
const EVENT = { ...HEAD, seq: 1, attempt: 0, at: 1.5, type: "delta", text: "x" };

it("a log entry is an event or refused as one that was changed", async () => {
  const sealed = sealEvent(SEALING, at.c, HEAD, { type: "delta", text: "secret", attempt: 1 });
  await fuzzText([JSON.stringify(EVENT), sealed], (entry) => {
    try {
      const event = readEvent(SEALING, at.c, entry);
      expect(event).toMatchObject({ ask: expect.any(String), nonce: expect.any(String), type: expect.any(String) });
    } catch (error) {
      expect(error).toBeInstanceOf(ChannelError);
    }
  });
});

it("a published frame is an event, a progress, or nothing", async () => {
  const valid = (["event", "progress"] as const).map((name) => frameAround(at, name).join(JSON.stringify(EVENT)));
  await fuzzText(valid, (raw) => {
    const decoded = decodeFrame(raw, SEALING);
    if (decoded?.name === "event")
      expect(decoded.event).toMatchObject({ ask: expect.any(String), type: expect.any(String) });
    if (decoded?.name === "progress") expect(decoded.progress).toMatchObject({ ask: expect.any(String) });
  });
});

it("a bell, a beat, a cancel, a revocation and hints are what they say, or nothing", async () => {
  const valid = [
    `1 s00 ${"u".repeat(22)} ${"c".repeat(22)} 0 worker-1/7`,
    '{"worker":"worker-1","version":3,"load":1,"capacity":9,"unfinished":4}',
    `{"u":"${"u".repeat(22)}","a":"a1"}`,
    '{"name":"user x","at":1700000000}',
    '{"kind":"page","page":1,"pages":2}',
    '{"kind":"look","from":"x","error":{"code":"BUSY","message":"later","retryable":true}}',
    `{"u":"${"u".repeat(22)}","from":"x","conversations":{"changed":["a"]},"endedLinks":["d"]}`,
  ];
  await fuzzText(valid, (message) => {
    const bell = parseBell(message);
    if (bell) expect(bell.conversation.u).toHaveLength(22);
    const beat = parseBeat(message);
    if (beat) expect([beat.load >= 0, beat.capacity >= 0]).toEqual([true, true]);
    const cancelled = parseCancelled(message);
    if (cancelled) expect([typeof cancelled.u, typeof cancelled.a]).toEqual(["string", "string"]);
    const revocation = parseRevocation(message);
    if (revocation) expect(revocation.at).toBeTypeOf("number");
    const hint = parseHint(message);
    if (hint) expect(["page", "begun", "look"]).toContain(hint.kind);
    const userHint = parseUserHint(message);
    if (userHint) expect(userHint.u).toBeTypeOf("string");
  });
});

it("stored pages are pages, or refused", async () => {
  const pages = Array.from({ length: 40 }, (_, page) => `Page ${page} has words. `.repeat(20));
  const [, packed] = await packPages(pages);
  await fuzzBytes([Buffer.from(packed)], async (bytes) => {
    for (const fields of [[bytes], [null, bytes]]) {
      try {
        for (const page of await unpackPages(fields)) expect(page).toBeTypeOf("string");
      } catch (error) {
        expect(error).toBeInstanceOf(ChannelError);
      }
    }
  });
});

it("sealed bytes are the same again, or refused", async () => {
  const place = "bytes of a file";
  const plain = Buffer.from("the word of a user");
  await fuzzBytes([SEALING.seal(place, plain)], (bytes) => {
    try {
      const opened = SEALING.unseal(place, bytes);
      // Bytes that do not begin with the magic are returned unchanged, and bytes of version 0 without these first nine
      // bytes: both count as unencrypted.
      expect(opened.equals(plain) || bytes.equals(opened) || bytes.subarray(9).equals(opened)).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(ChannelError);
    }
  });
});
