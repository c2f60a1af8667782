import { conversationAddress, publishProgress, type Store } from "@docrelay/channel";
import { DEFAULT_LIMITS } from "@docrelay/protocol";
import { eventually, freePort, spawnNode, startRedis, type TestProcess } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { SignJWT, type JWTPayload } from "jose";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { io, type Socket } from "socket.io-client";
import { WebSocket } from "ws";
import { createAnonymousAuthenticator } from "../src/auth/authenticator.ts";
import { SECRET, type Answer } from "./fixture.ts";

/** A text in payloads of these tests. It must never occur in a log line. */
export const MARK = "hostile-payload-9f3c";
export const MAX_BLOB_BYTES = 104_857_600;

type Env = Record<string, string>;

/** A WebSocket over which a test itself writes and reads the frames of engine.io, without a client library. */
export interface RawSocket {
  /** The text frames that have arrived, in order. */
  readonly frames: readonly string[];
  readonly closed: Promise<number>;
  readonly isOpen: boolean;
  close(): void;
  /** Stops reading, as a suspended phone does. */
  pause(): void;
  resume(): void;
  send(frame: string | Buffer): void;
  /** Resolves to the first frame that matches, which may have arrived already. */
  frame(pattern: RegExp): Promise<string>;
}

/** The largest frame, in bytes, that an edge with its default settings accepts. */
export const FRAME_BYTES = DEFAULT_LIMITS.inlineFileBytes + 524_288;

/** Two real edge processes on one Redis, and functions that send them valid and invalid input. */
export interface Target extends AsyncDisposable {
  readonly ports: readonly [number, number];
  readonly edges: readonly TestProcess[];
  readonly store: Store;
  readonly tokens: Set<string>;
  token(user: string, ttlMs?: number): Promise<string>;
  sign(claims: JWTPayload, by?: { key?: Uint8Array; algorithm?: string }): Promise<string>;
  /** Tries to connect with `auth`, which the edge must refuse. Resolves to the code of the refusal. */
  refusal(auth: object, options?: { query?: Record<string, string>; port?: number }): Promise<string>;
  client(
    user: string,
    port?: number,
  ): Promise<{ socket: Socket; send(event: string, ...args: unknown[]): Promise<Answer> }>;
  raw(options?: { origin?: string; query?: string }): Promise<RawSocket>;
  /** Opens a `RawSocket`, and connects to Socket.IO over it as this user. */
  joined(user: string): Promise<RawSocket>;
  /** Requests a WebSocket upgrade that must be refused. Resolves to the status and the body of the refusal. */
  upgrade(origin: string): Promise<{ status: number; body: string }>;
  /**
   * Opens a TCP connection, sends these bytes, and resolves to all bytes that the edge sends until the connection ends
   * or is silent for `waitMs`.
   */
  bytes(request: string | Buffer, waitMs?: number): Promise<string>;
  hint(user: string, conversation: string): Promise<void>;
}

/** `env`: further settings of both edges; `first`: further settings of only the first edge. */
export async function startTarget(of: { env?: Env; first?: Env } = {}): Promise<Target> {
  const redisServer = await startRedis();
  const redis = new Redis(redisServer.url);
  const store: Store = { redis, retentionMs: 86_400_000, askDeadlineMs: 300_000 };
  const ports = [await freePort(), await freePort()] as const;
  const edges = ports.map((port, index) =>
    spawnNode(join(import.meta.dirname, "../src/main.ts"), {
      env: {
        PORT: String(port),
        REDIS_URL: redisServer.url,
        AUTH_MODE: "anonymous",
        SESSION_SECRET: SECRET,
        CORS_ALLOWED_ORIGINS: "https://app.test",
        MAX_ASKS_IN_FLIGHT: "1000",
        MAX_BLOB_BYTES: String(MAX_BLOB_BYTES),
        LOG_LEVEL: "debug",
        ...of.env,
        ...(index === 0 ? of.first : {}),
      },
    }),
  );
  await Promise.all(edges.map((edge) => edge.waitFor(/"msg":"listening"/)));
  const tokens = new Set<string>();
  const sockets: Array<Socket | WebSocket> = [];
  const [port] = ports;

  const dial = (auth: object, options: { query?: Record<string, string>; port?: number } = {}): Socket => {
    const socket = io(`http://127.0.0.1:${options.port ?? port}`, {
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      auth,
      ...(options.query ? { query: options.query } : {}),
    });
    sockets.push(socket);
    return socket;
  };

  const target: Target = {
    ports,
    edges,
    store,
    tokens,
    async token(user, ttlMs = 600_000) {
      const secrets = (): Uint8Array[] => [Buffer.from(SECRET)];
      const { token } = await createAnonymousAuthenticator({ secrets, ttlMs }).issue(user);
      tokens.add(token);
      return token;
    },
    async sign(claims, { key = Buffer.from(SECRET), algorithm = "HS256" } = {}) {
      const token = await new SignJWT(claims).setProtectedHeader({ alg: algorithm }).sign(key);
      tokens.add(token);
      return token;
    },
    refusal: (auth, options) =>
      new Promise((resolve) => {
        const socket = dial(auth, options);
        socket.once("connect_error", (error: Error & { data?: { code: string } }) =>
          resolve(error.data?.code ?? error.message),
        );
        socket.once("welcome", () => resolve("welcome"));
        socket.once("disconnect", (reason) => resolve(reason));
      }),
    async client(user, at = port) {
      const socket = dial({ token: await target.token(user), protocol: 1 }, { port: at });
      await new Promise<void>((resolve, reject) => {
        socket.once("welcome", () => resolve());
        socket.once("connect_error", reject);
      });
      return {
        socket,
        send: async (event, ...args) => (await socket.timeout(10_000).emitWithAck(event, ...args)) as Answer,
      };
    },
    async raw({ origin, query = "" } = {}) {
      const url = `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket${query}`;
      const socket = new WebSocket(url, origin === undefined ? {} : { origin });
      sockets.push(socket);
      const frames: string[] = [];
      socket.on("error", () => undefined);
      socket.on("message", (data: Buffer) => frames.push(data.toString()));
      const closed = new Promise<number>((resolve) => socket.once("close", resolve));
      await once(socket, "open");
      return {
        frames,
        closed,
        get isOpen() {
          return socket.readyState === WebSocket.OPEN;
        },
        close: () => socket.terminate(),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
        send: (frame) => socket.send(frame),
        frame: (pattern) =>
          eventually(() => frames.find((frame) => pattern.test(frame)), { what: `a frame like ${pattern}` }),
      };
    },
    async joined(user) {
      const raw = await target.raw();
      raw.send(`40${JSON.stringify({ token: await target.token(user), protocol: 1 })}`);
      await raw.frame(/^42\["welcome"/);
      return raw;
    },
    async upgrade(origin) {
      const head = `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: edge.test\r\nOrigin: ${origin}\r\n`;
      const key = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
      const answer = await target.bytes(`${head}${key}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
      return { status: Number(answer.split(" ")[1]), body: answer.split("\r\n\r\n")[1] ?? "" };
    },
    async bytes(request, waitMs = 5000) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      let came = "";
      socket.on("data", (data: Buffer) => (came += data.toString("latin1")));
      socket.setTimeout(waitMs, () => socket.destroy());
      socket.write(request);
      await new Promise((resolve) => socket.once("close", resolve));
      return came;
    },
    async hint(user, conversation) {
      await publishProgress(store, conversationAddress(user, conversation), {
        conversation,
        ask: MARK,
        stage: "queued",
      });
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.close();
      await Promise.all(edges.map((edge) => edge.stop()));
      redis.disconnect();
      await redisServer.stop();
    },
  };
  return target;
}
