import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface FakeRedis extends AsyncDisposable {
  readonly url: string;
}

/**
 * Starts a server that speaks just enough of Redis's protocol to report an old version, because the tests have no Redis
 * of such a version.
 */
export async function startFakeRedis(version: string): Promise<FakeRedis> {
  const info = `# Server\r\nredis_version:${version}\r\n`;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      // Sends one reply for each command. Each command begins with a line that has an asterisk and a number; no other
      // line of these commands looks like that.
      for (const command of data.toString().split(/(?=^\*\d+\r\n)/m)) {
        socket.write(/\r\ninfo\r\n/i.test(command) ? `$${info.length}\r\n${info}\r\n` : "+OK\r\n");
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
