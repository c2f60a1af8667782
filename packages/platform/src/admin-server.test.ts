import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { expect, it } from "vitest";
import { startAdminServer } from "./admin-server.ts";
import { createHealth } from "./health.ts";
import { createMetrics } from "./metrics.ts";

const HOST = "127.0.0.1";

it("serves liveness, readiness and metrics, and nothing else", async () => {
  const health = createHealth(() => 0);
  const metrics = createMetrics();
  metrics.counter("asks_total", "Asks.", ["kind"]).inc({ kind: "text" }, 2);
  let open = 3;
  metrics.gauge("sockets", "Open sockets.", () => open);
  metrics.histogram("wait_seconds", "Waits.", [0.1, 1]).observe(0.5);
  await using server = await startAdminServer({ port: 0, host: HOST, health, metrics });
  const get = async (path: string): Promise<[number, string]> => {
    const answer = await fetch(`http://${HOST}:${server.port}${path}`);
    return [answer.status, await answer.text()];
  };

  expect(await get("/healthz")).toEqual([200, '{"alive":true}']);
  expect(await get("/readyz?x=1")).toEqual([200, '{"ready":true,"draining":false,"checks":{}}']);
  health.drain();
  expect(await get("/readyz")).toEqual([503, '{"ready":false,"draining":true,"checks":{}}']);
  expect((await get("/"))[0]).toBe(404);
  expect((await get("/metrics/x"))[0]).toBe(404);

  const [, first] = await get("/metrics");
  expect(first).toContain('asks_total{kind="text"} 2');
  expect(first).toContain("sockets 3");
  expect(first).toContain('wait_seconds_bucket{le="1"} 1');
  expect(first).toContain("process_cpu_seconds_total");
  open = 4;
  expect((await get("/metrics"))[1]).toContain("sockets 4");
});

it("closes although connections are open, and frees its port", async () => {
  const server = await startAdminServer({ port: 0, host: HOST, health: createHealth(), metrics: createMetrics() });
  const { port } = server;
  await (await fetch(`http://${HOST}:${port}/healthz`)).text(); // HTTP keep-alive then keeps this connection open
  await server[Symbol.asyncDispose]();
  const next = createServer().listen(port, HOST);
  await once(next, "listening");
  expect((next.address() as AddressInfo).port).toBe(port);
  next.close();
});

it("fails when its port is in use", async () => {
  const of = { host: HOST, health: createHealth(), metrics: createMetrics() };
  await using first = await startAdminServer({ ...of, port: 0 });
  await expect(startAdminServer({ ...of, port: first.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});
