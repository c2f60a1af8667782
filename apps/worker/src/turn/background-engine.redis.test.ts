import { eventually, startResponses, type ResponsesServer } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { shownText, useWorker } from "../../test/fixture.ts";

const at = useWorker();
const settings = ({ url }: ResponsesServer): Record<string, string> => ({
  ENGINE_URL: url,
  ENGINE_KIND: "responses",
  ENGINE_PARAMS: '{"background":true}',
});
const shown = async (): Promise<string> => shownText(await at.events("talk"), "one");
const startResponse = (): Promise<ResponsesServer> => startResponses((response) => response.say("one "));

describe("an answer that the engine computes in the background", () => {
  it("is handed over by a worker that stops, and gone on with as the same attempt", async () => {
    await using server = await startResponse();
    const first = await at.here(settings(server));
    await at.ask("talk", "one");
    await eventually(async () => (await shown()) === "one ");
    await at.here(settings(server));
    await first.stop();
    server.responses[0]?.say("two");
    server.responses[0]?.finish();
    const end = await at.ended("talk", "one");
    expect(end).toMatchObject({ type: "completed", text: "one two", attempt: 1 });
    expect(await shown()).toBe("one two");
    expect(server.requests).toEqual(["POST /v1/responses", "GET /v1/responses/resp_1?stream=true&starting_after=2"]);
    expect(end.type === "completed" && end.timings.firstTokenMs).toBeLessThan(5000);
    expect(server.responses[0]?.isCancelled).toBe(false);
  });

  it("is gone on with when the server is back, and its reader is told that it is away", async () => {
    await using server = await startResponse();
    const first = await at.here(settings(server));
    await at.ask("talk", "one");
    await eventually(async () => (await shown()) === "one ");
    server.refuseWith = 503;
    await at.here(settings(server));
    await first.stop();
    const tries = (): number => server.requests.filter((request) => request.startsWith("GET")).length;
    await eventually(() => tries() > 2);
    expect(at.logged.join("")).toContain('"cause":"http-503"');
    server.responses[0]?.say("two");
    server.responses[0]?.finish();
    server.refuseWith = undefined;
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", text: "one two", attempt: 1 });
    expect(server.requests.filter((request) => request.startsWith("POST"))).toEqual(["POST /v1/responses"]);
  });

  it("begins anew when the server does not have it any more", async () => {
    await using server = await startResponse();
    const first = await at.here(settings(server));
    await at.ask("talk", "one");
    await eventually(async () => (await shown()) === "one ");
    server.refuseWith = 404;
    await at.here(settings(server));
    await first.stop();
    await eventually(() => server.responses.length === 2);
    server.responses[1]?.finish();
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", text: "one ", attempt: 2 });
    expect(server.requests.map((request) => request.split(" ")[0])).toEqual(["POST", "GET", "POST"]);
  });

  it("is stopped at the server when its user cancels it", async () => {
    await using server = await startResponse();
    await at.here(settings(server));
    await at.ask("talk", "one");
    await eventually(async () => (await shown()) === "one ");
    await at.cancel("talk", "one");
    expect(await at.ended("talk", "one")).toMatchObject({ type: "cancelled", text: "one " });
    await eventually(() => server.responses[0]?.isCancelled === true, { what: "the cancel" });
    expect(server.requests.at(-1)).toBe("POST /v1/responses/resp_1/cancel");
  });
});
