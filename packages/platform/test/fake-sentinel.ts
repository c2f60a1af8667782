import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface FakeSentinel extends AsyncDisposable {
  readonly port: number;
  /** Names another master from now on. */
  name(master: Master): void;
}

interface Master {
  readonly host: string;
  readonly port: number;
}

/**
 * Starts a server that speaks just enough of Redis's protocol to name a master. A real sentinel looks up the name of
 * the master itself, and the names of a test exist only in its own process.
 */
export async function startFakeSentinel(first: Master): Promise<FakeSentinel> {
  let master = first;
  const sockets = new Set<Socket>();
  const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
  const reply = (command: string): string => {
    if (/get-master-addr-by-name/i.test(command)) return `*2\r\n${bulk(master.host)}${bulk(String(master.port))}`;
    return /\r\nsentinel\r\n/i.test(command) ? "*0\r\n" : "+OK\r\n";
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      // Each command begins with a line that has an asterisk and a number; no other line of these commands does.
      for (const command of data.toString().split(/(?=^\*\d+\r\n)/m)) socket.write(reply(command));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    name: (to) => void (master = to),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
