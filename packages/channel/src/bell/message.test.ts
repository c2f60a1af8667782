import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conversationAddress } from "../redis/address.ts";
import { newOwner, newWorkerName } from "../redis/store.ts";
import { encodeBell, parseBeat, parseBell } from "./message.ts";

const conversation = conversationAddress("user", "talk");
const bell = encodeBell({ conversation });

describe("a bell", () => {
  it("is the same after encoding and parsing, for any user and conversation", () => {
    const owner = fc.constantFrom(undefined, newOwner(), "token-of-release-0-1");
    fc.assert(
      fc.property(fc.string(), fc.string(), owner, fc.nat(9), (user, talk, voided, hops) => {
        const { shard, u, c } = conversationAddress(user, talk);
        const message = { conversation: { shard, u, c }, hops, ...(voided === undefined ? {} : { voided }) };
        expect(parseBell(encodeBell(message))).toEqual(message);
      }),
    );
  });

  it("carries no text of a client: only hashes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (user, talk) => {
        const text = encodeBell({ conversation: conversationAddress(user, talk) });
        expect(text).toMatch(/^1 s[0-9a-f]{2} [\w-]{22} [\w-]{22} 0 $/);
      }),
    );
  });

  it("of a later release, or a foreign message, is refused", () => {
    expect(parseBell(bell)).toBeDefined();
    const { shard, u, c } = conversation;
    const bad = [
      "",
      " ",
      "{}",
      bell.replace(/^1/, "2"),
      bell.replace(shard, "s7"),
      bell.replace(shard, "S7F"),
      bell.replace(u, u.slice(1)),
      bell.replace(c, `${c}x`),
      bell.replace(c, "x}:{y".padEnd(22, "z")),
      `${bell}not{an}owner`,
      `${bell}${"x".repeat(129)}`,
      `\n${bell}`,
      `1 ${shard} ${u}`,
    ];
    for (const message of bad) expect(parseBell(message), JSON.stringify(message)).toBeUndefined();
  });

  it("with fields of a later release is understood", () => {
    expect(parseBell(`${bell}owner more`)).toEqual({ conversation, hops: 0, voided: "owner" });
  });

  it("is parsed or refused, never thrown at, whatever the message", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...bell.split(" ")))), (parts) => {
        const parsed = parseBell(parts.join(" "));
        if (parsed) expect(parsed.conversation.c).toMatch(/^[\w-]{22}$/);
      }),
    );
  });
});

describe("a beat", () => {
  const beat = { worker: newWorkerName(), version: 1, load: 3, capacity: 500 };

  it("is the same after parsing, without fields of a later release", () => {
    for (const more of [{}, { leaving: true }, { unfinished: 0 }, { unfinished: 7 }])
      expect(parseBeat(JSON.stringify({ ...beat, ...more, later: "field" }))).toEqual({ ...beat, ...more });
  });

  it("is refused when a field is missing or is no number, or the name could be no channel's", () => {
    const { worker: _worker, ...nameless } = beat;
    const bad: unknown[] = [
      null,
      1,
      [],
      {},
      nameless,
      { ...beat, worker: "short" },
      { ...beat, worker: "x}{y".padEnd(36, "z") },
      { ...beat, worker: "x".repeat(65) },
      { ...beat, version: "1" },
      { ...beat, load: -1 },
      { ...beat, capacity: undefined },
    ];
    for (const value of bad) expect(parseBeat(JSON.stringify(value)), JSON.stringify(value)).toBeUndefined();
    for (const text of ["", "{", "beat"]) expect(parseBeat(text)).toBeUndefined();
  });
});
