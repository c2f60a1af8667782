import type { Server, Socket } from "node:net";

/**
 * Bounds the open TCP connections of each network, with or without a request. Otherwise one client could take all
 * connections of the server, because the bounds of users and networks hold only once a request has arrived. A further
 * connection is closed without a response, and `onRefused` is called. `networkOf` returns the network of a connection;
 * undefined for one that does not count.
 */
export function boundSockets(
  server: Server,
  {
    most,
    networkOf,
    onRefused,
  }: { readonly most: number; networkOf(socket: Socket): string | undefined; onRefused(): void },
): void {
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const network = networkOf(socket);
    if (network === undefined) return;
    const count = open.get(network) ?? 0;
    if (count >= most) {
      socket.destroy();
      onRefused();
      return;
    }
    open.set(network, count + 1);
    socket.once("close", () => {
      const left = (open.get(network) ?? 0) - 1;
      if (left > 0) open.set(network, left);
      else open.delete(network);
    });
  });
}
