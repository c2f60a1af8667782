import { connect } from "@docrelay/client";
import { eventually, makePdf, startResponses, type ResponsesServer } from "@docrelay/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useCluster } from "./cluster.ts";
import { startCollector, type CollectedSpan, type Collector } from "./collector.ts";

const SECRETS = ["lighthouse", "painted", "colour", "green", "harbour.pdf"];
const env: Record<string, string> = { ENGINE_KIND: "responses", LOG_LEVEL: "info" };
let collector: Collector;
let engine: ResponsesServer;

beforeAll(async () => {
  collector = await startCollector();
  env["OTEL_EXPORTER_OTLP_ENDPOINT"] = `${collector.url}/`;
  engine = await startResponses((response) => {
    response.say("It is ");
    response.say("green.");
    response.finish();
  });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
});
const at = useCluster({ edges: 1, env, engineUrl: () => engine.url });

const CLICK = { trace: "0af7651916cd43dd8448eb211c80319c", span: "b7ad6b7169203331" };
const NAMES = ["accept", "engine", "engine first text", "extract", "stream", "wait"];
const ofTrace = (id: string): CollectedSpan[] => collector.spans.filter(({ traceId }) => traceId === id);
const namesOf = (spans: readonly CollectedSpan[]): string[] => spans.map(({ name }) => name).toSorted();
async function collected(id: string): Promise<Record<string, CollectedSpan>> {
  await eventually(() => expect(namesOf(ofTrace(id))).toEqual(NAMES), { what: "the spans" });
  return Object.fromEntries(ofTrace(id).map((span) => [span.name, span]));
}

describe("an ask with a PDF", () => {
  it("is one trace from the click to the last word, through edge, worker and engine, without a word of text", async () => {
    const relay = connect({ url: at.url() });
    const files = [{ name: "harbour.pdf", bytes: makePdf({ pages: ["The lighthouse was painted green."] }) }];
    const traceparent = `00-${CLICK.trace}-${CLICK.span}-01`;
    const answer = relay.conversation().ask("Which colour?", { files, traceparent });
    expect(await answer.text()).toBe("It is green.");
    relay.close();

    const spans = await collected(CLICK.trace);
    const { accept, wait, extract, engine: call, "engine first text": first, stream } = spans;
    expect(accept).toMatchObject({ parentSpanId: CLICK.span, service: "docrelay-edge" });
    for (const below of [wait, extract, call])
      expect(below).toMatchObject({ parentSpanId: accept?.spanId, service: "docrelay-ask-extract" });
    for (const below of [first, stream]) expect(below).toMatchObject({ parentSpanId: call?.spanId });
    expect(BigInt(first?.endTimeUnixNano ?? 0)).toBeLessThanOrEqual(
      BigInt(stream?.startTimeUnixNano ?? 0) + 2_000_000n,
    );
    // The upload began the extraction, before the ask existed. So the extraction is in a trace of its own, and the
    // ask's span has a link to that trace.
    const [link] = extract?.links ?? [];
    expect(namesOf(ofTrace(link?.traceId ?? ""))).toEqual(["extract"]);

    expect(engine.headers.at(-1)?.["traceparent"]).toBe(`00-${CLICK.trace}-${call?.spanId}-01`);
    const logged = at.workers.flatMap(({ lines }) => lines).filter((line) => line.includes('"ask ended"'));
    expect(logged.at(-1)).toContain(`"trace":"${CLICK.trace}"`);
    for (const secret of SECRETS) expect(collector.text).not.toContain(secret);
  });

  it("that is asked over HTTP goes on with the trace of the header", async () => {
    const trace = CLICK.trace.replace("0af7", "1af7");
    const form = new FormData();
    form.set("message", "Which colour?");
    form.set("file", new File([makePdf({ pages: ["Another lighthouse was painted green."] })], "other.pdf"));
    const headers = { traceparent: `00-${trace}-${CLICK.span}-01` };
    const response = await fetch(`${at.url()}/v1/asks?wait=1`, { method: "POST", headers, body: form });
    expect(await response.json()).toMatchObject({ text: "It is green." });
    expect((await collected(trace))["accept"]?.parentSpanId).toBe(CLICK.span);
  });
});
