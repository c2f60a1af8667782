import { once } from "node:events";
import { connect } from "node:net";

/** What a Redis is told from now on, by all its clients and scripts. */
export interface WatchedCommands extends Disposable {
  /** A line for each command so far, as MONITOR gives it: time, database and client, then each argument in double quotes. */
  readonly lines: readonly string[];
}

interface Address {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/**
 * Watches a Redis without a password, of which an ioredis connection has the address in its `options`. On a connection of its own: ioredis takes a command of others that comes in one
 * packet with the reply to MONITOR for the reply to a command that it has not sent, and throws.
 */
export async function watchCommands({ host = "127.0.0.1", port = 6379 }: Address): Promise<WatchedCommands> {
  const socket = connect(port, host);
  const lines: string[] = [];
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("error", () => undefined); // the server has ended: nothing more is told
  socket.on("data", (data: string) => {
    const parts = (rest + data).split("\r\n");
    rest = parts.pop() ?? "";
    lines.push(...parts.map((part) => part.slice(1)));
    socket.emit("watched");
  });
  socket.write("MONITOR\r\n");
  // Its own reply.
  await once(socket, "watched");
  return { lines, [Symbol.dispose]: () => void socket.destroy() };
}
