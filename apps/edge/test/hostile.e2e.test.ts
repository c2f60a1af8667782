import { shared } from "@docrelay/testkit";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MARK, startTarget, type Target } from "./attack.ts";
import { BAD_INPUTS, PLAIN_INPUTS } from "./bad-inputs.ts";
import { SECRET } from "./fixture.ts";
import { SOCKET, type Cases } from "./hostile-socket.ts";
import { FRAMES, HTTP } from "./hostile-wire.ts";

/**
 * All bad inputs that can reach an edge. After each one, another user must be served. At the end both edges must still
 * run, without an unhandled error, and their log lines must not contain a token or any of the input.
 */
const CASES: Cases = { ...SOCKET, ...FRAMES, ...HTTP };
/** The bad files that an edge can notice: an edge checks only names, sizes and first bytes of files. */
const OF_THE_EDGE = new Set(["F01", "F04", "F05", "F07", "F20"]);
/** These inputs wait for a timeout of ten seconds, so they begin before the first test. */
const SLOW = ["S14", "H03"];

/** Returns the ids of the inputs in `bad-inputs.jsonl` that are for an edge; empty if this file is missing. */
function others(): string[] {
  const list = shared("security/bad-inputs.jsonl");
  if (!list) return [];
  return readFileSync(list, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { id: string; surface: string })
    .filter(({ id, surface }) => ["sio", "http", "ws"].includes(surface) || OF_THE_EDGE.has(id))
    .map(({ id }) => id);
}

describe("bad input", () => {
  let target: Target;
  const slow = new Map<string, Promise<unknown>>();
  const attack = async (id: string): Promise<void> => {
    const attempt = CASES[id];
    if (typeof attempt === "function") await attempt(target, `attacker-${id}`);
  };

  beforeAll(async () => {
    target = await startTarget();
    for (const id of SLOW)
      slow.set(
        id,
        attack(id).catch((error: unknown) => error),
      );
  });
  afterAll(async () => target?.[Symbol.asyncDispose]());

  it("is all tried, and nothing is that has no name", () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(BAD_INPUTS).sort());
    for (const id of others()) expect([...Object.keys(CASES), ...PLAIN_INPUTS]).toContain(id);
  });

  const ordered = Object.entries(BAD_INPUTS).toSorted(
    ([a], [b]) => Number(SLOW.includes(a)) - Number(SLOW.includes(b)),
  );
  for (const [id, how] of ordered) {
    if (typeof CASES[id] === "string") continue;
    it(`${id} ${how}`, async () => {
      const begun = slow.get(id);
      if (begun) expect(await begun).toBeUndefined();
      else await attack(id);
      const probe = await target.client(`probe-${id}`);
      const ask = { id: "probe", conversation: "probe", message: "Is anybody there?" };
      expect(await probe.send("ask", ask)).toMatchObject({ ok: true, seq: 1 });
      probe.socket.disconnect();
    });
  }

  it("leaves both edges alive, and nothing of it in their lines", async () => {
    for (const edge of target.edges) {
      expect(() => process.kill(edge.pid, 0)).not.toThrow();
      const lines = edge.lines.join("\n");
      expect(lines).toContain('"msg":"listening"');
      expect(lines).not.toMatch(/"msg":"(unhandled|bug|not acknowledged|handshake failed)"|"level":"(error|fatal)"/);
      expect(await edge.stop()).toEqual({ code: 0, signal: null });
      for (const secret of [MARK, SECRET, ...target.tokens]) expect(lines.includes(secret)).toBe(false);
    }
  });
});
