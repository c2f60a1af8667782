import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { createPipe, type Conditions } from "./proxy-pipe.ts";

/** A TCP proxy that disturbs its connections when a test tells it to. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  readonly connections: number;
  /** How many bytes clients have sent so far, over all connections. */
  readonly bytesUp: number;
  /** Breaks every connection with RST. */
  reset(): void;
  /** Passes no more bytes on, in one or both directions, until {@link heal}. Connections stay open. */
  blackhole(direction?: "both" | "up" | "down"): void;
  /** Passes no more bytes on, for good, but only on the connections that are open now. */
  silence(): void;
  /** Delays bytes by this many ms. Their order stays the same. */
  latency(ms: number): void;
  /** Passes on at most this many bytes per second, in each direction of each connection. */
  bandwidth(bytesPerSecond: number): void;
  /** Passes on at most this many bytes at a time. */
  slice(bytes: number): void;
  /** Refuses new connections and breaks open ones, until {@link heal}. */
  cut(): void;
  /** Ends all faults except `silence`. Bytes that `blackhole` has kept are passed on. */
  heal(): void;
}

export async function startProxy(to: { host?: string; port: number }): Promise<Proxy> {
  const pairs = new Set<Pair>();
  /** Connections of which one side has ended while no bytes were passed on, so that the other side does not know it. */
  const halfOpen = new Set<[Socket, Socket]>();
  const conditions: { -readonly [K in keyof Conditions]: Conditions[K] } = {
    mute: "none",
    delayMs: 0,
    bytesPerSecond: 0,
    sliceBytes: 0,
  };
  let refuse = false;
  let bytesUp = 0;

  const server = createServer((client) => {
    if (refuse) return void client.resetAndDestroy();
    client.on("data", (data: Buffer) => (bytesUp += data.length));
    openPair(client, connect(to.port, to.host ?? "127.0.0.1"), { conditions, pairs, halfOpen });
  });

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const reset = (): void => {
    for (const sockets of [...halfOpen, ...[...pairs].map((pair) => pair.sockets)]) {
      for (const socket of sockets) socket.resetAndDestroy();
    }
    halfOpen.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return pairs.size;
    },
    get bytesUp() {
      return bytesUp;
    },
    reset,
    blackhole: (direction = "both") => void (conditions.mute = direction),
    silence() {
      for (const pair of pairs) pair.silenced = true;
    },
    latency: (ms) => void (conditions.delayMs = ms),
    bandwidth: (bytesPerSecond) => void (conditions.bytesPerSecond = bytesPerSecond),
    slice: (bytes) => void (conditions.sliceBytes = bytes),
    cut() {
      refuse = true;
      reset();
    },
    heal() {
      refuse = false;
      Object.assign(conditions, { mute: "none", delayMs: 0, bytesPerSecond: 0, sliceBytes: 0 });
      for (const sockets of halfOpen) for (const socket of sockets) socket.destroy();
      halfOpen.clear();
      for (const pair of pairs) pair.pump();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      reset();
      await once(server, "close");
    },
  };
}

/** A client's connection, and the proxy's connection to the target for it. */
interface Pair {
  readonly sockets: [Socket, Socket];
  silenced: boolean;
  pump(): void;
}

interface Open {
  readonly conditions: Conditions;
  readonly pairs: Set<Pair>;
  readonly halfOpen: Set<[Socket, Socket]>;
}

function openPair(client: Socket, target: Socket, { conditions, pairs, halfOpen }: Open): void {
  client.setNoDelay(true);
  target.setNoDelay(true);
  const own: Conditions = Object.create(conditions, {
    mute: { get: () => (pair.silenced ? "both" : conditions.mute) },
  });
  const pipes = [createPipe(client, target, "up", own), createPipe(target, client, "down", own)];
  const pair: Pair = {
    sockets: [client, target],
    silenced: false,
    pump: () => pipes.forEach((pipe) => pipe.pump()),
  };
  pairs.add(pair);
  for (const socket of pair.sockets) {
    socket.on("error", () => undefined);
    socket.on("close", () => {
      pairs.delete(pair);
      // When one side ends, the other side is ended, too; but not while no bytes are passed on.
      if (own.mute === "none") for (const other of pair.sockets) other.destroy();
      else halfOpen.add(pair.sockets);
    });
  }
}
