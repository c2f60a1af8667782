import { connect } from "@docrelay/client";
import { eventually, freePort } from "@docrelay/testkit";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { commandOf, endsAt, launch, start } from "./launcher.ts";

describe("npm start", () => {
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
