import { wireError } from "@docrelay/protocol";
import { eventually, makePdf } from "@docrelay/testkit";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { beginHead, useEdges, USER } from "../../../test/fixture.ts";

const relay = useEdges({ count: 2 });
const openai = async (edge = 0): Promise<OpenAI> =>
  new OpenAI({ baseURL: `http://127.0.0.1:${relay.edges[edge]?.port}/v1`, apiKey: await relay.token() });
const begin = (id: string) => eventually(() => beginHead(relay.store, USER, id).catch(() => undefined));
const key = (id: string) => ({ headers: { "idempotency-key": id } });

describe("POST /v1/responses with the client of OpenAI", () => {
  it("runs in the background, and its stream goes on after a number on another edge", async () => {
    const client = await openai();
    const made = await client.responses.create({ model: "any", input: "hello", background: true }, key("one"));
    expect(made).toMatchObject({ id: "one", status: "queued" });
    const head = await begin("one");
    await head.say("one ");
    const numbers: number[] = [];
    for await (const event of await client.responses.retrieve("one", { stream: true })) {
      numbers.push(event.sequence_number);
      if (event.type === "response.output_text.delta") break;
    }
    await head.say("two");
    await head.complete({ usage: { promptTokens: 20, answerTokens: 2 } });
    const rest = await (
      await openai(1)
    ).responses.retrieve("one", { stream: true, starting_after: numbers.at(-1) ?? 0 });
    for await (const event of rest) numbers.push(event.sequence_number);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(await client.responses.retrieve("one")).toMatchObject({
      status: "completed",
      output_text: "one two",
      usage: { input_tokens: 20, output_tokens: 2, total_tokens: 22 },
    });
  });

  it("streams as the client's helper reads it, in the conversation of the response before", async () => {
    const client = await openai();
    const waiting = client.responses.create({ model: "any", input: "hello" }, key("one"));
    await (await begin("one")).complete();
    await waiting;
    const stream = client.responses.stream({ model: "any", input: "more", previous_response_id: "one" }, key("two"));
    const ended = stream.finalResponse();
    await stream.emitted("event" as never);
    await relay.answer("one", ["a", "b"]);
    expect(await ended).toMatchObject({ status: "completed", output_text: "ab", conversation: { id: "one" } });
  });

  it("is deleted: alone with its text, else from the ids of responses only, running or ended", async () => {
    const client = await openai();
    await client.responses.create({ model: "any", input: "hello", background: true }, key("one"));
    await client.responses.create(
      { model: "any", input: "more", background: true, previous_response_id: "one" },
      key("two"),
    );
    await (await begin("one")).complete();
    for (const id of ["one", "two"]) {
      await client.responses.delete(id);
      expect(await client.responses.retrieve(id).catch((error: unknown) => error)).toMatchObject({ status: 404 });
      expect(await client.responses.delete(id).catch((error: unknown) => error)).toMatchObject({ status: 404 });
    }
    const edge = `http://127.0.0.1:${relay.edges[0]?.port}/v1`;
    const headers = { authorization: `Bearer ${await relay.token()}` };
    const kept = (await (await fetch(`${edge}/conversations/one`, { headers })).json()) as { asks: object[] };
    expect(kept.asks).toMatchObject([
      { id: "one", state: "completed" },
      { id: "two", state: "cancelled" },
    ]);
    await client.responses.create({ model: "any", input: "hello", background: true }, key("three"));
    const answer = await fetch(`${edge}/responses/three`, { method: "DELETE", headers });
    expect(await answer.json()).toEqual({ id: "three", object: "response", deleted: true });
    expect((await fetch(`${edge}/conversations/three`, { headers })).status).toBe(404);
    const stranger = await fetch(`${edge}/responses/one`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${await relay.token("stranger")}` },
    });
    expect(stranger.status).toBe(404);
  });

  it("is cancelled, and tells a failure", async () => {
    const client = await openai();
    await client.responses.create({ model: "any", input: "hello", background: true }, key("one"));
    expect(await client.responses.cancel("one")).toMatchObject({ status: "cancelled" });
    const waiting = client.responses
      .create({ model: "any", input: "hello" }, key("two"))
      .catch((error: unknown) => error);
    await (await begin("two")).fail(wireError("ENGINE_UNAVAILABLE"));
    expect(await waiting).toMatchObject({ status: 502, code: "ENGINE_UNAVAILABLE" });
    const file = await client.files
      .create({ file: new File(["no PDF"], "a.pdf"), purpose: "user_data" })
      .catch((error: unknown) => error);
    expect(file).toMatchObject({ status: 415, code: "FILE_TYPE_UNSUPPORTED" });
  });

  it("has files that can be deleted by their owner, and one model", async () => {
    const client = await openai();
    const failed = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);
    const { id } = await client.files.create({
      file: new File([makePdf({ pages: ["x"] })], "a.pdf"),
      purpose: "user_data",
    });
    const stranger = new OpenAI({ baseURL: client.baseURL, apiKey: await relay.token("stranger") });
    expect(await failed(stranger.files.delete(id))).toMatchObject({ status: 404, code: "NOT_FOUND" });
    expect(await client.files.delete(id)).toEqual({ id, object: "file", deleted: true });
    expect(await failed(client.files.delete(id))).toMatchObject({ status: 404, code: "NOT_FOUND" });
    const content = [{ type: "input_file", file_id: id } as const, { type: "input_text", text: "what?" } as const];
    expect(await failed(client.responses.create({ model: "any", input: [{ role: "user", content }] }))).toMatchObject({
      status: 404,
      code: "NOT_FOUND",
    });
    expect(await client.models.retrieve("docrelay")).toMatchObject({ id: "docrelay", object: "model" });
    expect(await failed(client.models.retrieve("gpt"))).toMatchObject({ status: 404, code: "NOT_FOUND" });
  });
});
