import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A balancer: it passes each new connection on to the next port that accepts it. */
export interface Balancer extends AsyncDisposable {
  readonly url: string;
  /** The port of the edge to which the newest Socket.IO connection went; other HTTP requests do not count. */
  readonly newest: number | undefined;
}

/** @param ports returns the ports that take connections now; called for each connection */
export async function startBalancer(ports: () => readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let next = 0;
  let newest: number | undefined;

  function forward(client: Socket, tries: number): void {
    const all = ports();
    const port = all[next++ % all.length];
    if (port === undefined || tries === 0) return void client.destroy();
    const target = connect(port, "127.0.0.1");
    let joined = false;
    target.once("connect", () => {
      joined = true;
      // All requests of a connection are examined, not only the first: Node may open a WebSocket over a connection that
      // it has used for another request.
      client.on("data", (head) => {
        if (head.includes("GET /socket.io/?EIO")) newest = port;
      });
      client.pipe(target).pipe(client);
    });
    target.once("error", () => (joined ? client.destroy() : forward(client, tries - 1)));
    target.once("close", () => joined && client.destroy());
    client.once("close", () => target.destroy());
  }
  const server = createServer((client) => {
    open.add(client);
    client.once("close", () => open.delete(client));
    client.on("error", () => client.destroy());
    forward(client, ports().length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get newest() {
      return newest;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
