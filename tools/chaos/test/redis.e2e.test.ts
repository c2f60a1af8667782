import type { Ack } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import type { Call } from "../src/cluster/engine.ts";
import { playStage, type Stage } from "../src/stage.ts";
import { PROMISED } from "../src/report/summary.ts";

/**
 * Within how many ms an edge must refuse an ask while Redis is away: twice the promised time, because the machine may
 * be busy.
 */
const TOLD_WITHIN_MS = PROMISED.storeAway * 2;

interface Trouble {
  readonly name: string;
  begin(stage: Stage): Promise<unknown>;
  end(stage: Stage): Promise<unknown>;
}

const TROUBLES: readonly Trouble[] = [
  {
    name: "is killed and restarted with its AOF",
    begin: ({ cluster }) => cluster.redis.kill(),
    end: ({ cluster }) => cluster.redis.restart(),
  },
  {
    name: "is wedged: connected, and silent",
    begin: ({ cluster }) => cluster.redis.pause(),
    end: ({ cluster }) => cluster.redis.resume(),
  },
  {
    name: "refuses writes, being out of memory",
    begin: (stage) => stage.redis("CONFIG", "SET", "maxmemory", "1"),
    end: (stage) => stage.redis("CONFIG", "SET", "maxmemory", "0"),
  },
  {
    name: "refuses writes, being a replica now",
    begin: (stage) => stage.redis("REPLICAOF", "127.0.0.1", "1"),
    end: (stage) => stage.redis("REPLICAOF", "NO", "ONE"),
  },
];

describe.each(TROUBLES)("a Redis that $name", ({ name, begin, end }) => {
  it("is told of within a second, and everything acknowledged is answered afterwards", async () => {
    const told: Array<{ code: string; ms: number }> = [];
    const verdict = await playStage({ edges: 1, workers: 1 }, async (stage) => {
      const calls: Call[] = [];
      stage.engine.script = (call) => {
        call.say(0, 3);
        calls.push(call);
      };
      const user = await stage.user();
      const tab = user.tabs[0];
      await user.ask(); // the answer to this ask is being streamed when the fault begins
      await user.ask(); // this ask still waits when the fault begins
      await stage.seen("shown", ({ type }) => type === "delta");

      const begun = stage.history.now();
      await begin(stage);
      for (let tries = 0; tries < 5; tries++) {
        const sentAt = performance.now();
        const answer: Ack | undefined = await tab?.send("ask", {
          id: "x-1",
          conversation: "away",
          message: "[ask:x-1]",
        });
        told.push({
          code: answer?.ok === false ? answer.error.code : String(answer?.ok),
          ms: performance.now() - sentAt,
        });
      }
      // During the fault the engine continues its reply, and the worker continues to read it.
      calls[0]?.say(3);
      calls[0]?.end();
      await end(stage);
      stage.history.add({ kind: "fault", fault: name, target: "redis", forMs: stage.history.now() - begun });
      stage.engine.script = undefined;
      await eventually(() => calls.length > 1 || user.unfinished === 0, { what: "the next call" });
      for (const call of calls.slice(1)) {
        call.say(3);
        call.end();
      }
      await eventually(() => user.unfinished === 0, { what: "both answers" });
    });
    expect(told.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => "STORE_UNAVAILABLE"));
    expect(Math.max(...told.map(({ ms }) => ms))).toBeLessThan(TOLD_WITHIN_MS);
    // The ask `x-1`, whose outcome its sender did not learn, may have been stored; the checker ignores it, because no
    // user of this run sent it.
    expect(verdict.violations).toEqual([]);
    expect(verdict.completed).toBe(2);
  });
});
