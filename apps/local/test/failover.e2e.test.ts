import { Redis } from "ioredis";
import { isTerminal, type Event } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import { afterAll, expect, it } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster({
  edges: 2,
  workers: 2,
  engineDelayMs: 5,
  // With these options the master refuses writes only while its replicas lag behind by more than 60 s, which does not
  // happen in this test.
  sentinel: ["--min-replicas-to-write", "1", "--min-replicas-max-lag", "60"],
  env: { DURABILITY: "replicated", ASK_DEADLINE_MS: "60000" },
});
const sockets: Socket[] = [];
/** A value larger than the buffers of the connections between the master and its replicas. */
const FILLER = "x".repeat(24_000_000);
afterAll(() => {
  for (const socket of sockets) socket.close();
});

interface Ack {
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly retryAfterMs?: number };
  readonly events?: readonly Event[];
  readonly more?: boolean;
}

/** Opens a plain Socket.IO client. Unlike the SDK, it does not send an acknowledged ask again. */
async function user(index: number): Promise<Socket> {
  const url = cluster.url(index % 2);
  const { token } = (await (await fetch(`${url}/v1/session`, { method: "POST" })).json()) as { token: string };
  const socket = io(url, { transports: ["websocket"], auth: { token, protocol: 1 } });
  sockets.push(socket);
  await new Promise<void>((resolve) => socket.once("welcome", () => resolve()));
  return socket;
}

/**
 * Sends an event until an acknowledgement tells its outcome. Returns this acknowledgement, and how often the event was
 * sent.
 */
async function call(socket: Socket, event: string, payload: object): Promise<{ ack: Ack; sends: number }> {
  for (let sends = 1; ; sends++) {
    const ack = (await socket
      .timeout(5000)
      .emitWithAck(event, payload)
      .catch(() => undefined)) as Ack | undefined;
    if (ack && (ack.ok || !["STORE_UNAVAILABLE", "BUSY", "RATE_LIMITED"].includes(ack.error?.code ?? "")))
      return { ack, sends };
    await sleep(ack?.error?.retryAfterMs ?? 200);
  }
}

/**
 * Sends one ask after another until `isOver`; returns the ids of the acknowledged asks, and how many asks were sent
 * more than once.
 */
async function load(
  socket: Socket,
  isOver: () => boolean,
): Promise<{ conversation: string; acked: string[]; again: number }> {
  const conversation = randomUUID();
  const acked: string[] = [];
  let again = 0;
  while (!isOver()) {
    const id = randomUUID();
    const { ack, sends } = await call(socket, "ask", { id, conversation, message: `Question ${acked.length}?` });
    expect(ack).toMatchObject({ ok: true });
    acked.push(id);
    if (sends > 1) again++;
    await sleep(250); // stays below the number of asks a second that one user may send
  }
  return { conversation, acked, again };
}

async function logOf(socket: Socket, conversation: string): Promise<Event[]> {
  const events: Event[] = [];
  for (;;) {
    const last = events.at(-1);
    const after = last && { after: { seq: last.seq, nonce: last.nonce } };
    const { ack } = await call(socket, "conversation:open", { conversation, ...after });
    events.push(...(ack.events ?? []));
    if (ack.more !== true) return events;
  }
}

it(
  "kill -9 of the master under load: every acknowledged ask is there and ends once",
  { timeout: 120_000 },
  async () => {
    const users = await Promise.all(Array.from({ length: 12 }, (_, index) => user(index)));
    let over = false;
    const loads = users.map((socket) => load(socket, () => over));
    await sleep(2000);
    const { sentinel } = cluster;
    const before = await sentinel.master();
    const [master, ...replicas] = sentinel.servers;
    // The replicas are paused, so the master's next writes reach no replica and must not be acknowledged. The filler
    // fills the buffers of the connections to the replicas. Otherwise these buffers would take the writes, and the
    // replicas would get them later.
    const admin = new Redis(String(master?.url));
    admin.on("error", () => undefined);
    await Promise.all(replicas.map((replica) => replica.pause()));
    await admin.set("filler", FILLER);
    await sleep(700);
    admin.disconnect();
    await master?.kill();
    await Promise.all(replicas.map((replica) => replica.resume()));
    const killed = performance.now();
    await eventually(async () => (await sentinel.master()) !== before, { what: "another master" });
    await sleep(3000);
    over = true;
    const results = await Promise.all(loads);
    let asks = 0;
    for (const [index, { conversation, acked }] of results.entries()) {
      asks += acked.length;
      const socket = users[index] as Socket;
      const left = async (): Promise<string[]> => {
        const log = await logOf(socket, conversation);
        return acked.filter((id) => log.filter((event) => event.ask === id && isTerminal(event)).length !== 1);
      };
      await eventually(async () => (await left()).length === 0, { what: "one end of each ask", timeoutMs: 60_000 });
      const log = await logOf(socket, conversation);
      expect(log.filter(isTerminal).map(({ type }) => type)).toEqual(acked.map(() => "completed"));
    }
    const again = results.reduce((sum, one) => sum + one.again, 0);
    const said = cluster.edges.flatMap(({ process }) => process.lines).filter((line) => line.includes("was lost"));
    expect(said).toEqual([]);
    process.stdout.write(
      `${asks} asks acknowledged, ${again} sent again, ${Math.round(performance.now() - killed)} ms\n`,
    );
    expect(asks).toBeGreaterThan(20);
    expect(again).toBeGreaterThan(0);
  },
);
