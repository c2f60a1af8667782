import { connect } from "@docrelay/client";
import { eventually, freePort, makePdf } from "@docrelay/testkit";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { commandOf, launch, start, type Launcher } from "./launcher.ts";

async function nothingIsLeft(launcher: Launcher & { port: number }): Promise<void> {
  await eventually(() => launcher.pids().length === 0, { what: "the end of every process", timeoutMs: 60_000 });
  await eventually(() => launcher.left().length === 0, { what: "an empty temporary folder" });
  const server = createServer().listen(launcher.port, "127.0.0.1");
  await once(server, "listening");
  server.close();
}

async function endsAt(signal: NodeJS.Signals, local: Launcher & { port: number }): Promise<void> {
  local.process.kill(signal);
  if (signal !== "SIGKILL") expect(await local.process.exited).toEqual({ code: 0, signal: null });
  await nothingIsLeft(local);
}

/** Runs the README's example as it stands there, and returns what it wrote. */
async function runReadme(port: number, bytes: Uint8Array): Promise<string> {
  const readme = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");
  const [, example = ""] = /```ts\nimport \{ connect \} from "@docrelay\/client";\n([^]*?)```/.exec(readme) ?? [];
  expect(example).toContain("http://localhost:3000");
  let said = "";
  const body = `return (async () => { ${example.replace("localhost:3000", `127.0.0.1:${port}`)} })();`;
  // oxlint-disable-next-line typescript/no-implied-eval -- the example is text, and has to run as text
  const run = new Function("connect", "bytes", "process", "console", body) as (...of: unknown[]) => Promise<void>;
  await run(connect, bytes, { stdout: { write: (text: string) => (said += text) } }, { log: () => undefined });
  return said;
}

describe("npm start", () => {
  it("answers from a PDF; at SIGTERM nothing of it is left", async () => {
    await using local = await start();
    const said = await runReadme(local.port, makePdf({ pages: ["The lighthouse was painted green in 1931."] }));
    expect(said).toContain("painted green in 1931. (report.pdf, p. 1)");
    expect((await fetch(`http://127.0.0.1:${local.port}/`)).status).toBe(200);
    expect(local.pids().length).toBeGreaterThanOrEqual(5);
    await endsAt("SIGTERM", local);
    expect(local.process.lines.at(-1)).toMatch(/^ended in/);
  });

  it.each([
    ["gives the whole answer of an engine that streams, with LOG_LEVEL=info", "", "w0 w1 w2 ", "SIGINT", "info"],
    ["prints which setting to change when an engine streams, with LOG_LEVEL=warn", "single", "w0 ", "SIGKILL", "warn"],
  ] as const)("%s; at a signal nothing of it is left", async (_, ENGINE_REPLY, answer, signal, LOG_LEVEL) => {
    const engine = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    engine.on("connection", (socket) => {
      socket.on("message", (data: Buffer) => {
        const { unique_id } = JSON.parse(data.toString()) as { unique_id: string };
        for (const word of ["w0 ", "w1 ", "w2 "]) socket.send(JSON.stringify({ message: word, unique_id }));
      });
    });
    await once(engine, "listening");
    const { port } = engine.address() as AddressInfo;
    try {
      await using local = await start({ ENGINE_URL: `ws://127.0.0.1:${port}`, ENGINE_REPLY, LOG_LEVEL });
      const relay = connect({ url: `http://127.0.0.1:${local.port}` });
      expect(await relay.conversation().ask("hi").text()).toBe(answer);
      relay.close();
      const said =
        ENGINE_REPLY === "single" ? /engine sent .* it streams.* Set ENGINE_REPLY=stream\.$/ : /a frame of type end\.$/;
      await local.process.waitFor(said);
      await endsAt(signal, local);
    } finally {
      engine.close();
    }
  });

  it("ends what it has begun when it is stopped before it is ready", async () => {
    const port = await freePort();
    await using local = Object.assign(launch({ PORT: String(port) }), { port });
    await eventually(() => local.pids().length >= 3, { timeoutMs: 60_000 });
    local.process.kill("SIGTERM");
    await local.process.exited;
    await nothingIsLeft(local);
  });

  it("says all that is wrong with its settings, and exits with 78", async () => {
    await using local = launch({ PORT: "0", ENGINE_URL: "http://user:hunter2@host" });
    expect((await local.process.exited).code).toBe(78);
    expect(local.process.lines.map((line) => line.trim().split(" ")[1])).toEqual(["cannot", "PORT", "ENGINE_URL"]);
    expect(local.process.lines.join("\n")).not.toContain("hunter2");
  });

  it("starts a killed process again, each with an admin port of its own; a second one is told which port to take", async () => {
    const admin = await freePort();
    await using local = await start({ ADMIN_PORT: String(admin), LOG_LEVEL: "silent" });
    const metrics = async (n: number): Promise<string> => (await fetch(`http://127.0.0.1:${admin + n}/metrics`)).text();
    const pid = async (n: number): Promise<string | undefined> =>
      /process_start_time_seconds (\S+)/.exec(await metrics(n))?.[1];
    const first = await pid(0);
    for (const n of [0, 1, 2]) expect(await metrics(n)).toContain("process_cpu_seconds_total");
    const edges = local.pids().filter((one) => one !== local.process.pid);
    const victim = edges.find((one) => commandOf(one).includes("apps/edge/"));
    process.kill(victim ?? 0, "SIGKILL");
    await local.process.waitFor(/^! edge \d ended \(SIGKILL\) and is started again/);
    await eventually(async () => (await pid(0)) !== undefined && (await pid(1)) !== undefined, { timeoutMs: 60_000 });
    expect(first).toBeDefined();

    await using second = launch({ PORT: String(local.port) });
    expect((await second.process.exited).code).toBe(1);
    expect(second.process.lines.filter(Boolean)).toEqual([
      `Port ${local.port} is in use, perhaps by another docrelay. Take another one: PORT=${local.port + 1} npm start`,
    ]);
    expect(second.left()).toEqual([]);
    expect((await fetch(`http://127.0.0.1:${local.port}/readyz`)).status).toBe(200);
  });
});
