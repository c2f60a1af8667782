import { conversationAddress, publishProgress } from "@docrelay/channel";
import { connect } from "@docrelay/client";
import type { Event } from "@docrelay/protocol";
import { eventually, freePort, startProxy, type Proxy } from "@docrelay/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTarget, type Target } from "./attack.ts";
import { beginHead } from "./fixture.ts";

const USER = "reader";
const HINT = { conversation: "talk", ask: "x".repeat(100_000), stage: "queued" } as const;
/**
 * How many words the test sends at most. The kernel buffers some megabytes before the edge notices that the client does
 * not read.
 */
const MAX_WORDS = 1000;

let target: Target;
let line: Proxy;
let metricsPort: number;

beforeEach(async () => {
  metricsPort = await freePort();
  target = await startTarget({
    env: { LOG_LEVEL: "info", MAX_SOCKET_BUFFER_BYTES: "65536" },
    first: { ADMIN_PORT: String(metricsPort) },
  });
  line = await startProxy({ port: target.ports[0] });
});
afterEach(async () => {
  await line[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

async function letGo(): Promise<boolean> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return text.includes('docrelay_edge_closed_total{code="SLOW_CONSUMER"} 1');
}

const WAYS: ReadonlyArray<{ how: string; again(): void }> = [
  { how: "reads again, the rest of the old connection first", again: () => line.heal() },
  {
    how: "comes back over another line, the old one being broken",
    again() {
      line.reset();
      line.heal();
    },
  },
];

describe.each(WAYS)("a client that stops reading in mid-answer, is let go, and $how", ({ again }) => {
  it("has every event once, and in order", async () => {
    const states: string[] = [];
    const url = `http://127.0.0.1:${line.port}`;
    const relay = connect({ url, token: await target.token(USER), onState: (state) => states.push(state) });
    const conversation = relay.conversation("talk");
    const events: Event[] = [];
    let resets = 0;
    conversation.subscribe({ event: (event) => events.push(event), reset: () => resets++ });
    const asked = conversation.ask("a long answer, please");
    await eventually(() => events.length === 1, { what: "the ask" });

    const answer = await beginHead(target.store, USER, "talk");
    const words: string[] = [];
    const say = async (): Promise<void> => {
      words.push(`word${words.length} `);
      await answer.say(words.at(-1) ?? "");
    };
    for (let n = 0; n < 5; n++) await say();
    await eventually(() => events.length === 7, { what: "the first words" });
    line.blackhole("down");
    while (words.length < MAX_WORDS && !(words.length % 10 === 0 && (await letGo()))) {
      await say();
      await publishProgress(target.store, conversationAddress(USER, "talk"), HINT);
    }
    expect(await letGo()).toBe(true);
    for (let n = 0; n < 5; n++) await say(); // these words are published while the client is not connected
    expect(events).toHaveLength(7);

    again();
    await eventually(() => states.filter((state) => state === "online").length === 2, {
      what: "the new connection",
    });
    await say();
    await answer.complete();
    expect(await asked.text()).toBe(words.join(""));
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: words.length + 3 }, (_, n) => n + 1));
    expect(events.flatMap((event) => (event.type === "delta" ? [event.text] : []))).toEqual(words);
    expect(resets).toBe(0);
    relay.close();
  });
});
