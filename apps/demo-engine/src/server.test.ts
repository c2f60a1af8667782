import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { buildPrompt } from "@docrelay/engine";
import { promptText } from "@docrelay/testkit";
import { schema, type Config } from "./config.ts";
import { startDemoEngine, type DemoEngine } from "./server.ts";

const settings = (more: Partial<Config>): Config => ({
  ...schema.parse({ PORT: "0", DEMO_FAULT: "by-message", DEMO_DELAY_MS: "0" }),
  ...more,
});
type Frame = Record<string, unknown>;

/** A client that keeps every frame that it receives. */
class Client implements AsyncDisposable {
  readonly frames: string[] = [];
  readonly #socket: WebSocket;
  #wake = (): void => undefined;
  closed = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      this.frames.push(data.toString());
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }
  static async open(engine: DemoEngine): Promise<Client> {
    const socket = new WebSocket(`ws://127.0.0.1:${engine.port}/`);
    const client = new Client(socket);
    await once(socket, "open");
    return client;
  }
  ask(message: string, uniqueId = "user-1"): void {
    this.#socket.send(JSON.stringify({ message, type: "chat", unique_id: uniqueId }));
  }
  raw(data: string | Buffer): void {
    this.#socket.send(data);
  }
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.closed) throw new Error("closed before that");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
  async end(): Promise<void> {
    while (!this.closed) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
  /** Resolves when the engine has answered a ping: all frames that the engine sent before are then in `frames`. */
  async settled(): Promise<void> {
    this.#socket.ping();
    await once(this.#socket, "pong");
  }
  get json(): Frame[] {
    return this.frames.map((frame) => JSON.parse(frame) as Frame);
  }
  ended = (): boolean => this.json.some(({ type }) => type === "end");
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.end();
  }
}

let stream: DemoEngine;
let single: DemoEngine;
const clients: Client[] = [];
async function open(engine: DemoEngine): Promise<Client> {
  const client = await Client.open(engine);
  clients.push(client);
  return client;
}
const fail = (error: unknown): void => void errors.push(error);
const errors: unknown[] = [];

beforeAll(async () => {
  stream = await startDemoEngine(settings({ DEMO_REPLY: "stream" }), fail);
  single = await startDemoEngine(settings({ DEMO_REPLY: "single" }), fail);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client[Symbol.asyncDispose]()));
  expect(errors.splice(0)).toEqual([]);
});
afterAll(async () => {
  await stream[Symbol.asyncDispose]();
  await single[Symbol.asyncDispose]();
});

const prompt = (message: string, pages = ["Nothing.", "The bridge is blue."]): string =>
  promptText(
    buildPrompt({
      mode: "fenced",
      message,
      files: [{ name: "a.pdf", pages, missing: [], truncated: false }],
      boundary: "0123456789abcdef",
    }),
  );

describe("without a fault", () => {
  it("streams words that join to the answer, then an end with its citations", async () => {
    const client = await open(stream);
    client.ask(prompt("which colour has the bridge?"));
    await client.until(client.ended);
    const frames = client.json;
    expect(frames.every((frame) => frame["unique_id"] === "user-1")).toBe(true);
    const text = frames.map((frame) => frame["message"] ?? "").join("");
    expect(text).toContain("The bridge is blue. (a.pdf, p. 2)");
    expect(frames.at(-1)).toEqual({ type: "end", unique_id: "user-1", citations: [{ file: 0, page: 2 }] });
  });

  it("replies with one frame in single mode, and serves ask after ask", async () => {
    const client = await open(single);
    for (const id of ["a", "b", ""]) {
      client.ask("hello", id);
      await client.until(() => client.json.at(-1)?.["unique_id"] === id);
    }
    expect(client.json.map(({ type }) => type)).toEqual(["chat", "chat", "chat"]);
  });

  it("refuses what is no request, and goes on", async () => {
    const client = await open(single);
    for (const bad of ["nonsense", "[]", "null", '{"message":1}']) client.raw(bad);
    client.ask("hello");
    await client.until(() => client.frames.length === 5);
    expect(client.json.map(({ type }) => type)).toEqual(["error", "error", "error", "error", "chat"]);
  });

  it("closes on a binary frame", async () => {
    const client = await open(single);
    client.raw(Buffer.from([1, 2]));
    await client.end();
  });

  it("says that it is alive", async () => {
    const { status } = await fetch(`http://127.0.0.1:${single.port}/healthz`);
    expect(status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${single.port}/`)).status).toBe(404);
  });

  it("stops computing for a client that has gone", async () => {
    const client = await open(single);
    client.ask(prompt("bridge", ["The bridge is red. ".repeat(200_000)]));
    await client[Symbol.asyncDispose]();
    const other = await open(single);
    other.ask("hello");
    await other.until(() => other.frames.length === 1);
  });
});

describe.each(["stream", "single"] as const)("faults of a %s reply", (mode) => {
  const engine = (): DemoEngine => (mode === "stream" ? stream : single);
  const whole = (client: Client): boolean => (mode === "stream" ? client.ended() : client.frames.length > 0);

  it("hang: says nothing, on an open connection", async () => {
    const client = await open(engine());
    client.ask("x #fault:hang");
    client.ask("y", "second");
    await client.until(() => whole(client));
    expect(client.json.every((frame) => frame["unique_id"] === "second")).toBe(true);
    expect(client.closed).toBe(false);
  });

  it("slow: answers late", async () => {
    const client = await open(engine());
    const begun = performance.now();
    client.ask("x #fault:slow");
    await client.until(() => whole(client));
    expect(performance.now() - begun).toBeGreaterThan(1900);
  });

  it("drop: breaks off before the end", async () => {
    const client = await open(engine());
    client.ask("x #fault:drop");
    await client.end();
    expect(client.frames.length).toBe(mode === "stream" ? 5 : 0);
  });

  it("garbage: sends what no parser likes", async () => {
    const client = await open(engine());
    client.ask("x #fault:garbage");
    await client.until(() => client.frames.length > 0);
    await client.settled();
    expect(client.frames).toHaveLength(1);
    expect(client.frames[0]).toContain("[".repeat(64));
  });

  it("flood: sends a frame of 8 MB", async () => {
    const client = await open(engine());
    client.ask("x #fault:flood");
    await client.until(() => client.frames.length > 0);
    expect(client.frames[0]?.length).toBeGreaterThan(8_000_000);
  });

  it("second: says more after its end", async () => {
    const client = await open(engine());
    client.ask("x #fault:second");
    await client.until(() => client.frames.some((frame) => /a second frame|a frame too many/.test(frame)));
    expect(client.json.at(-2)?.["type"]).toBe(mode === "stream" ? "end" : "chat");
  });

  it("wrong-id: answers as if to somebody else", async () => {
    const client = await open(engine());
    client.ask("x #fault:wrong-id");
    await client.until(() => whole(client));
    expect(client.json.every((frame) => frame["unique_id"] === "somebody-else")).toBe(true);
  });

  it("error: says so", async () => {
    const client = await open(engine());
    client.ask("x #fault:error");
    await client.until(() => client.frames.length === 1);
    expect(client.json).toEqual([{ type: "error", message: "told to fail", unique_id: "user-1" }]);
  });

  it("@n: only for the first n calls of a question", async () => {
    const client = await open(engine());
    for (let call = 1; call <= 3; call++) client.ask("again #fault:error@2");
    await client.until(() => client.frames.length >= 3);
    expect(client.json.slice(0, 3).map(({ type }) => type)).toEqual([
      "error",
      "error",
      mode === "stream" ? "delta" : "chat",
    ]);
  });

  it("takes none from a file's text, and no unknown one", async () => {
    const client = await open(engine());
    client.ask(prompt("which colour? #fault:unknown", ["Blue. #fault:error", "The colour is red."]));
    await client.until(() => whole(client));
    expect(client.json.map(({ type }) => type)).not.toContain("error");
    expect(client.json.map((frame) => frame["message"] ?? "").join("")).not.toContain("#fault:unknown");
  });
});

it("has a fault for every ask when it is told so", async () => {
  await using engine = await startDemoEngine(settings({ DEMO_FAULT: "error" }), fail);
  const client = await open(engine);
  client.ask("plain words");
  await client.until(() => client.frames.length === 1);
  expect(client.json[0]?.["type"]).toBe("error");
});
