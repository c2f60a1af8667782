import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { askAddress, conversationAddress, SHARDS, userAddress } from "./address.ts";
import { channelOf, logKey, mailKey, metaKey, recordKey, roomOf } from "./keys.ts";

const anything = fc.string({ unit: "binary", maxLength: 40 });

describe("addresses", () => {
  it("contain no text of a client", () => {
    fc.assert(
      fc.property(anything, anything, anything, (user, conversation, ask) => {
        const at = askAddress(user, conversation, ask);
        for (const key of [logKey(at), mailKey(at), metaKey(at), recordKey(at), roomOf(at), channelOf(at)]) {
          expect(key).toMatch(/^[A-Za-z0-9_:{}#./-]+$/);
        }
        expect(at.shard).toMatch(/^s[0-9a-f]{2}$/);
        for (const hash of [at.u, at.c, at.a]) expect(hash).toMatch(/^[A-Za-z0-9_-]{22}$/);
      }),
    );
  });

  it("keeps users and conversations apart even when their names run together", () => {
    expect(conversationAddress("ab", "c").c).not.toBe(conversationAddress("a", "bc").c);
    expect(askAddress("ab", "x", "c").a).not.toBe(askAddress("a", "x", "bc").a);
    expect(conversationAddress("a", "same").c).not.toBe(conversationAddress("b", "same").c);
  });

  it("never moves: a user's shard and hashes are pinned, since keys in Redis depend on them", () => {
    expect(userAddress("alice")).toEqual({ shard: "s2b", u: "K9gGyX8OAK8aH8Myj6djqS" });
    expect(conversationAddress("alice", "talk").c).toMatchInlineSnapshot(`"UxTz_OWL3-rVMLT_Cb3f4m"`);
    expect(askAddress("alice", "talk", "one").a).toMatchInlineSnapshot(`"EQamonw0l8LT-soJRcxoMM"`);
  });

  it("names a room that the adapter does not take for a socket id (20 characters)", () => {
    fc.assert(
      fc.property(anything, anything, (user, talk) => {
        expect(roomOf(conversationAddress(user, talk))).not.toHaveLength(20);
      }),
    );
  });

  it("are in one of 256 shards", () => {
    expect(new Set(SHARDS).size).toBe(256);
    expect(SHARDS).toContain(userAddress("whoever").shard);
  });
});
