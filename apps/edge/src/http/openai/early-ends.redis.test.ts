import { wireError } from "@docrelay/protocol";
import { awayFromMidnight, eventually } from "@docrelay/testkit";
import OpenAI, { APIError } from "openai";
import { describe, expect, it } from "vitest";
import { beginHead, useEdges, USER } from "../../../test/fixture.ts";
import type { Edge } from "../../edge.ts";

const relay = useEdges();
const hello = { model: "any", messages: [{ role: "user" as const, content: "hello" }] };
const key = (id: string) => ({ headers: { "idempotency-key": id } });
const begin = (id: string) => eventually(() => beginHead(relay.store, USER, id).catch(() => undefined));
const failure = (call: Promise<unknown>): Promise<APIError> =>
  call.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error as APIError,
  );

/**
 * Makes an OpenAI client with its default retries. Its requests go to the edges one after the other, as through a
 * balancer; when all edges have had a request, all further requests go to the last edge.
 */
async function balanced(edges: readonly Edge[], token?: string) {
  let requests = 0;
  const client = new OpenAI({
    baseURL: "http://balancer/v1",
    apiKey: token ?? (await relay.token()),
    fetch: (url, init) => {
      const { pathname, search } = new URL(url);
      const edge = edges[Math.min(requests++, edges.length - 1)];
      return fetch(`http://127.0.0.1:${edge?.port}${pathname}${search}`, init);
    },
  });
  return { client, requests: () => requests };
}
const first = (): Edge => relay.edges[0] ?? expect.fail("there is no edge");

/** Returns a function that lists the user's conversations, newest first, each with the type of its last event. */
async function watch() {
  const socket = await relay.client();
  return async (): Promise<Array<{ id: string; end: string | undefined }>> => {
    const list = (await socket.send("conversations:list", { limit: 10 })) as never as {
      conversations: { id: string }[];
    };
    const read = async ({ id }: { id: string }) => ({ id, end: (await socket.open(id)).events.at(-1)?.type });
    return Promise.all(list.conversations.map(read));
  };
}
const SLOWLY = { everyMs: 200 };

describe("the client of OpenAI, with its own retries, on an edge that is shut down in mid-answer", () => {
  it("throws the reason out of a stream of chunks, which is no whole answer", async () => {
    const edge = await relay.start();
    const { client, requests } = await balanced([edge]);
    const stream = await client.chat.completions.create({ ...hello, stream: true }, key("one"));
    const head = await begin("one");
    await head.say("half an answer");
    let text = "";
    const reading = (async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    })();
    const thrown = failure(reading);
    await eventually(() => text !== "");
    await edge.stop();
    expect(await thrown).toMatchObject({ code: "SHUTTING_DOWN", status: undefined });
    expect([text, requests()]).toEqual(["half an answer", 1]);
  });

  it("throws it out of a response's stream, which goes on at another edge where it was", async () => {
    const edge = await relay.start();
    const { client } = await balanced([edge, first()]);
    const seen: number[] = [];
    const stream = await client.responses.create({ model: "any", input: "hello", stream: true }, key("one"));
    const head = await begin("one");
    await head.say("one ");
    const reading = (async () => {
      for await (const event of stream) seen.push(event.sequence_number);
    })();
    const thrown = failure(reading);
    await eventually(() => seen.length > 4);
    await edge.stop();
    expect(await thrown).toMatchObject({ code: "SHUTTING_DOWN" });
    await head.say("two");
    await head.complete();
    const starting_after = seen.at(-1) ?? 0;
    const rest = await client.responses.retrieve("one", { stream: true, starting_after });
    for await (const event of rest) seen.push(event.sequence_number);
    expect(seen).toEqual(seen.map((_, index) => index));
    expect((await client.responses.retrieve("one")).output_text).toBe("one two");
  });

  it("comes back by its key for the one ask", async () => {
    const edge = await relay.start();
    const { client, requests } = await balanced([edge, first()]);
    const waiting = client.chat.completions.create(hello, key("one"));
    const head = await begin("one");
    await edge.stop();
    await head.say("whole");
    await head.complete();
    expect((await waiting).choices[0]?.message.content).toBe("whole");
    expect(requests()).toBe(2);
    expect(await (await watch())()).toEqual([{ id: "one", end: "completed" }]);
  });

  it.each(["chat", "response"])(
    "without a key asks again, and the %s that nobody can read is cancelled",
    async (kind) => {
      const edge = await relay.start();
      const { client, requests } = await balanced([edge, first()]);
      const waiting =
        kind === "chat"
          ? client.chat.completions.create(hello).then(({ choices }) => choices[0]?.message.content)
          : client.responses.create({ model: "any", input: "hello" }).then((response) => response.output_text);
      const asks = await watch();
      const [lost] = await eventually(async () => ((await asks()).length === 1 ? asks() : undefined), SLOWLY);
      await edge.stop();
      const [again] = await eventually(async () => ((await asks()).length === 2 ? asks() : undefined), SLOWLY);
      await relay.answer(again?.id ?? "", ["whole"]);
      expect(await waiting).toBe("whole");
      expect(await asks()).toEqual([
        { id: again?.id, end: "completed" },
        { id: lost?.id, end: "cancelled" },
      ]);
      expect(requests()).toBe(2);
    },
  );
});

describe("what is in vain is sent once", () => {
  it("after a quota is spent, until tomorrow", async () => {
    // The test must not cross midnight, when quotas begin anew. It may take two minutes, because OpenAI's client waits
    // for up to a minute before it tries again.
    await awayFromMidnight(120_000);
    await relay.store.redis.hset("quotas", "asks", "0");
    await eventually(() => relay.logged.some((line) => line.includes("quotas changed")));
    const { client, requests } = await balanced([first()]);
    const error = await failure(client.chat.completions.create(hello));
    expect(error).toMatchObject({ status: 429, code: "QUOTA_EXCEEDED", type: "rate_limit_error" });
    expect(requests()).toBe(1);
    await relay.store.redis.del("quotas");
    await eventually(() => relay.logged.filter((line) => line.includes("quotas changed")).length === 2);
  });

  it("with a token that has run out", async () => {
    const { client, requests } = await balanced([first()], await relay.token(USER, -60_000));
    expect(await failure(client.chat.completions.create(hello))).toMatchObject({
      status: 401,
      code: "AUTH_EXPIRED",
      type: "authentication_error",
    });
    expect(requests()).toBe(1);
  });

  it("after a response has failed, whose stream throws the code", async () => {
    const { client, requests } = await balanced([first()]);
    const stream = await client.responses.create({ model: "any", input: "hello", stream: true }, key("one"));
    await (await begin("one")).fail(wireError("ENGINE_TIMEOUT"));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of stream) seen.push(event.type);
    })();
    expect(await failure(reading)).toMatchObject({ code: "ENGINE_TIMEOUT" });
    expect(seen.at(-1)).toBe("response.failed");
    expect(requests()).toBe(1);
  });
});
