import { once } from "node:events";
import { connect } from "node:net";

/** All commands that a Redis gets from now on, from its clients and in scripts. */
export interface WatchedCommands extends Disposable {
  /**
   * The commands so far, a line for each, as MONITOR prints it: time, database and client, then each argument in double
   * quotes.
   */
  readonly lines: readonly string[];
}

interface Address {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/**
 * Watches a Redis without a password, at the address in an ioredis connection's `options`, over a socket of its own.
 * ioredis itself cannot do this: if a command of another client arrives in one packet with the reply to MONITOR,
 * ioredis takes it for a reply to a command that it has not sent, and throws.
 */
export async function watchCommands({ host = "127.0.0.1", port = 6379 }: Address): Promise<WatchedCommands> {
  const socket = connect(port, host);
  const lines: string[] = [];
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("error", () => undefined); // an error here means that the server has ended
  socket.on("data", (data: string) => {
    const parts = (rest + data).split("\r\n");
    rest = parts.pop() ?? "";
    lines.push(...parts.map((part) => part.slice(1)));
    socket.emit("watched");
  });
  socket.write("MONITOR\r\n");
  // The first data are the reply to MONITOR itself.
  await once(socket, "watched");
  return { lines, [Symbol.dispose]: () => void socket.destroy() };
}
