import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A TCP proxy that can be told to misbehave. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  readonly connections: number;
  /** Breaks every connection with RST. */
  reset(): void;
  /** Keeps connections but passes nothing on, in either or both directions, until {@link heal}. */
  blackhole(direction?: "both" | "up" | "down"): void;
  /** Delays what is passed on. */
  latency(ms: number): void;
  /** Refuses new connections (and breaks the old ones) until {@link heal}. */
  cut(): void;
  heal(): void;
}

export async function startProxy(to: { host?: string; port: number }): Promise<Proxy> {
  const pairs = new Set<[Socket, Socket]>();
  let refuse = false;
  let mute: "none" | "both" | "up" | "down" = "none";
  let delayMs = 0;
  const held: Array<() => void> = [];

  const server = createServer((client) => {
    if (refuse) return void client.resetAndDestroy();
    const target = connect(to.port, to.host ?? "127.0.0.1");
    const pair: [Socket, Socket] = [client, target];
    pairs.add(pair);
    pipe(client, target, "up");
    pipe(target, client, "down");
    for (const socket of pair) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        pairs.delete(pair);
        if (mute === "none") for (const other of pair) other.destroy();
      });
    }
  });

  function pipe(from: Socket, into: Socket, direction: "up" | "down"): void {
    from.on("data", (data) => {
      const pass = (): void => {
        if (mute === "both" || mute === direction) return void held.push(pass);
        if (!into.destroyed && !into.write(data)) {
          from.pause();
          into.once("drain", () => from.resume());
        }
      };
      if (delayMs > 0) setTimeout(pass, delayMs);
      else pass();
    });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const reset = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return pairs.size;
    },
    reset,
    blackhole: (direction = "both") => void (mute = direction),
    latency: (ms) => void (delayMs = ms),
    cut() {
      refuse = true;
      reset();
    },
    heal() {
      refuse = false;
      mute = "none";
      delayMs = 0;
      for (const pass of held.splice(0)) pass();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      reset();
      await once(server, "close");
    },
  };
}
