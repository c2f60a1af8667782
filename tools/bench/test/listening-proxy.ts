import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A TCP proxy before a Redis that counts the sharded pub/sub messages which pass to its clients, by channel. */
export interface ListeningProxy extends AsyncDisposable {
  readonly url: string;
  readonly messages: ReadonlyMap<string, number>;
}

/**
 * Matches the head of a message, `$8 smessage $<length> <channel>`, which is the same in both versions of Redis's
 * protocol.
 */
const MESSAGE = /\$8\r\nsmessage\r\n\$\d+\r\n([^\r]+)\r\n/g;
/**
 * How many bytes at the end of the received data are kept until more data arrive: the head of a message ({@link
 * MESSAGE}), which is shorter than this, may arrive in two parts.
 */
const TAIL = 256;

export async function listenBefore(redisPort: number): Promise<ListeningProxy> {
  const messages = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const redis = connect(redisPort, "127.0.0.1");
    let tail = "";
    redis.on("data", (data: Buffer) => {
      const text = tail + data.toString("latin1");
      let end = 0;
      for (const found of text.matchAll(MESSAGE)) {
        const [head, channel = ""] = found;
        messages.set(channel, (messages.get(channel) ?? 0) + 1);
        end = found.index + head.length;
      }
      tail = text.slice(Math.max(end, text.length - TAIL));
    });
    client.pipe(redis).pipe(client);
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        redis.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
