import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as z from "zod";
import { describe, expect, it } from "vitest";
import { parseEnv } from "../config.ts";
import { createLifecycle } from "../lifecycle.ts";
import { openTracing, tracingSettings } from "./tracing.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const schema = z.object(tracingSettings);
const configOf = (env: Record<string, string>): z.output<typeof schema> => {
  const parsed = parseEnv(schema, env);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.config;
};
const of = (onTrouble: (reason: string) => void = () => undefined) => ({
  service: "test",
  node: "n1",
  life: createLifecycle(5000),
  onTrouble,
});

describe("tracing", () => {
  it("is off without a collector", async () => {
    expect(await openTracing(configOf({}), of())).toBeUndefined();
  });

  it.each([
    { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" },
    { OTEL_TRACES_SAMPLER_ARG: "2" },
    { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    { TRACES_PER_SECOND: "0" },
  ])("refuses settings that it would not follow: %o", (env) => {
    expect(parseEnv(schema, env).ok).toBe(false);
  });

  it.each(["http/json", "http/protobuf"])("sends what has ended when it is closed, as %s", async (protocol) => {
    const bodies: Buffer[] = [];
    const server = createServer(async (request, response) => {
      for await (const chunk of request) bodies.push(chunk as Buffer);
      response.end(protocol === "http/json" ? "{}" : "");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const port = String((server.address() as AddressInfo).port);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
    const own = of();
    const tracing = await openTracing(configOf(env), own);
    const span = tracing?.begin("step", { parent: PARENT, kind: "server", links: ["no traceparent"] });
    expect(span?.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    expect(tracing?.begin("root", { parent: "broken" }).traceparent).not.toContain(TRACE);
    span?.end({ error: "BUSY" });
    await own.life.close();
    const text = Buffer.concat(bodies).toString("latin1");
    expect(text).toContain("step");
    expect(text).toContain("BUSY");
    expect(text).not.toContain("root");
    server.closeAllConnections();
    server.close();
  });

  it("follows the part of traces that is kept, and nothing that a client asks for", async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_TRACES_SAMPLER_ARG: "0" };
    const own = of();
    const tracing = await openTracing(configOf(env), own);
    const kept = tracing?.begin("step", { parent: PARENT, isParentOfClient: true }).traceparent;
    expect(kept).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    const inside = tracing?.begin("inside", { parent: kept });
    expect(inside?.traceparent).toBe(kept);
    inside?.end({ error: "BUSY" });
    await own.life.close();
  });

  it("says that a collector is away, and ends nevertheless", async () => {
    const troubles: string[] = [];
    const own = of((reason) => troubles.push(reason));
    const tracing = await openTracing(configOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" }), own);
    tracing?.begin("step").end();
    await own.life.close();
    expect(troubles.join("\n")).toContain("ECONNREFUSED");
  });
});
