import { OPEN_MAX_BYTES } from "@docrelay/protocol";
import { eventually, freePort } from "@docrelay/testkit";
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTarget, type RawSocket, type Target } from "./attack.ts";
import { answerHead } from "./fixture.ts";

const MIB = 1_048_576;
const GREEDY = ["ada", "bea", "cyd", "dan"] as const;
const SOCKETS_EACH = 25;
const OPENS_EACH = 16;
/**
 * How much the edge's memory may grow. In measurements on 2 cores it grew by 210 to 330 MiB, of which 130 were V8's
 * young generation, which grows under any load. It grew by 820 MiB when the edge read the logs of all opens at once,
 * whether the clients read or not.
 */
const MAX_GROWTH = 400 * MIB;
const CAP = MIB;

let target: Target;
let metricsPort: number;

beforeEach(async () => {
  metricsPort = await freePort();
  target = await startTarget({
    env: { LOG_LEVEL: "info", EDGE_REDIS_TIMEOUT_MS: "5000" },
    first: { ADMIN_PORT: String(metricsPort) },
  });
});
afterEach(async () => target?.[Symbol.asyncDispose]());

/** Gives a user a conversation whose log has nearly as many bytes as one open may return. */
async function fill(user: string): Promise<void> {
  const { socket, send } = await target.client(user);
  expect(await send("ask", { id: "a", conversation: "talk", message: "a long answer, please" })).toMatchObject({
    ok: true,
  });
  const deltas = Array.from({ length: 60 }, () => "x".repeat(4096));
  await answerHead(target.store, user, "talk", deltas);
  socket.disconnect();
}
async function residentBytes(): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(target.edges[0]?.pid)]);
  return Number(stdout) * 1024;
}
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  expect(text).toContain(`\n# TYPE ${name.split("{")[0]} `);
  // The metrics show no line for a counter that is still 0.
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}
const opensAnswered = (): Promise<number> =>
  metric('docrelay_edge_events_total{event="conversation:open",outcome="ok"}');
const connect = (users: readonly string[], each: number): Promise<RawSocket[]> =>
  Promise.all(users.flatMap((user) => Array.from({ length: each }, () => target.joined(user))));
const open = (socket: RawSocket, id: number): void =>
  socket.send(`42${id}["conversation:open",{"conversation":"talk"}]`);
const answered = ({ frames }: RawSocket): string[] => frames.filter((frame) => /^43\d+\[/.test(frame));

describe("clients that open much", () => {
  it("and read nothing are not buffered for, and hold up nobody", async () => {
    for (const user of [...GREEDY, "good"]) await fill(user);
    const sockets = await connect(GREEDY, SOCKETS_EACH);
    const good = await target.client("good");
    expect(await good.send("conversation:open", { conversation: "talk" })).toMatchObject({ ok: true });
    const before = await residentBytes();
    let most = before;
    let measuring = true;
    const measured = (async () => {
      for (; measuring; await sleep(100)) most = Math.max(most, await residentBytes());
    })();
    measured.catch(() => undefined); // avoids an unhandled rejection if the test fails before it awaits `measured`

    for (const socket of sockets) socket.pause();
    for (let id = 1; id <= OPENS_EACH; id++) for (const socket of sockets) open(socket, id);
    for (let n = 0; n < 10; n++) {
      const opened = await good.send("conversation:open", { conversation: "talk" });
      expect(opened.ok && "events" in opened && opened.events).toHaveLength(63);
      expect(await good.send("ask", { id: `g${n}`, conversation: "other", message: "hello" })).toMatchObject({
        ok: true,
      });
    }
    // An open that waits until its client has read earlier logs is refused after a while.
    await eventually(async () => (await metric("docrelay_edge_opens_waiting")) === 0);
    measuring = false;
    await measured;
    expect(await metric("docrelay_edge_socket_buffer_largest_bytes")).toBeLessThan(CAP + OPEN_MAX_BYTES);
    expect(most - before).toBeLessThan(MAX_GROWTH);

    // After the clients have read on, each open has an acknowledgement, or its connection was ended.
    for (const socket of sockets) socket.resume();
    await eventually(() => sockets.every((socket) => !socket.isOpen || answered(socket).length === OPENS_EACH), {
      timeoutMs: 60_000,
    });
    const one = answered(sockets[0] as RawSocket);
    expect(one.filter((frame) => frame.includes('"ok":true')).length).toBeGreaterThan(0);
    for (const frame of one) if (!frame.includes('"ok":true')) expect(frame).toMatch(/"code":"BUSY".*"retryable":true/);
    expect(target.edges[0]?.lines.join("\n")).not.toMatch(/"level":"(error|fatal)"/);
  });

  it("and read it all do not get before a user who opens little", async () => {
    for (const user of [...GREEDY, "good"]) await fill(user);
    const sockets = await connect(GREEDY, 10);
    const good = await target.client("good");
    let flooding = true;
    const floods = sockets.map(async (socket) => {
      let sent = 0;
      while (flooding && socket.isOpen) {
        while (sent - answered(socket).length < OPENS_EACH) open(socket, ++sent);
        const isServed = (): boolean => !socket.isOpen || sent - answered(socket).length < OPENS_EACH / 2;
        await eventually(isServed, { everyMs: 20 });
      }
    });
    await eventually(async () => (await metric("docrelay_edge_opens_waiting")) > 200);
    const before = await opensAnswered();
    const times = 5;
    for (let n = 0; n < times; n++) {
      expect(await good.send("conversation:open", { conversation: "talk" })).toMatchObject({ ok: true });
    }
    // 400 to 640 opens of four greedy users wait all the time. The edge serves users in rotation, so few of these opens
    // come before an open of this user: 16 in a measurement.
    expect(((await opensAnswered()) - before) / times).toBeLessThan(40);
    flooding = false;
    for (const socket of sockets) socket.close();
    await Promise.all(floods);
  });
});
