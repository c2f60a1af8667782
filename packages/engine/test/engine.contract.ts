import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import type { Engine, EngineEvent } from "../src/index.ts";
import { askAll, textOf } from "./scripted-engine.ts";

/** A call of an engine as its server sees it, in the same form for each kind of engine. */
export interface ContractCall {
  readonly number: number;
  /** The prompt that the server got. */
  readonly prompt: string;
  readonly closed: boolean;
  /** Sends the whole reply in these pieces. An engine that replies at once sends them joined. */
  reply(...pieces: string[]): void;
  /** Sends the beginning of a reply that does not continue. */
  begin(piece: string): void;
  fail(words: string): void;
  cut(): void;
}

export interface ContractKind {
  readonly name: string;
  /** Whether replies come in pieces. */
  readonly streams: boolean;
  start(
    script: (call: ContractCall) => unknown,
  ): Promise<{ url: string; calls: readonly ContractCall[] } & AsyncDisposable>;
  connect(
    url: string,
    options?: { firstReplyTimeoutMs?: number; idleTimeoutMs?: number; maxReplyBytes?: number; connections?: number },
  ): Engine;
}

/** Runs the tests that every engine must pass. */
export function describeEngine(kind: ContractKind): void {
  describe(`an engine of kind ${kind.name}`, () => {
    it("gets the prompt, and its reply comes unchanged between one `sent` and one `end`", async () => {
      const pieces = ["Größe ", "🚀 ", "line\nbreak\r\n", " \u2028", 'quote " \\', "\u0000", "end "];
      await using server = await kind.start((call) => call.reply(...pieces));
      await using engine = kind.connect(server.url);
      const events = await askAll(engine, { message: ["why?\n", ["page 1", "page 2"], "\nend"] });
      expect(textOf(events)).toBe(pieces.join(""));
      expect(events.map((event) => event.kind).filter((name) => name !== "text")).toEqual(["sent", "end"]);
      expect([events.at(0)?.kind, events.at(-1)?.kind]).toEqual(["sent", "end"]);
      expect(server.calls[0]?.prompt).toBe("why?\npage 1\npage 2\nend");
    });

    it("answers many asks at a time, each with its own reply", async () => {
      await using server = await kind.start((call) => call.reply("for ", call.prompt));
      await using engine = kind.connect(server.url, { connections: 4 });
      const users = Array.from({ length: 20 }, (_, index) => `user ${index}`);
      const replies = await Promise.all(
        users.map((user) => askAll(engine, { message: user, uniqueId: user, affinity: user })),
      );
      expect(replies.map(textOf)).toEqual(users.map((user) => `for ${user}`));
    });

    it("fails as `timeout` when nothing comes", async () => {
      await using server = await kind.start(() => undefined);
      await using engine = kind.connect(server.url, { firstReplyTimeoutMs: 60 });
      await expect(askAll(engine)).rejects.toMatchObject({ kind: "timeout", why: "timeout-first" });
      await eventually(() => server.calls[0]?.closed === true, { what: "the end of the call" });
    });

    it("fails when nobody listens, and asks to be tried again", async () => {
      const server = await kind.start(() => undefined);
      await server[Symbol.asyncDispose]();
      await using engine = kind.connect(server.url);
      await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable", why: "refused", retry: "away" });
    });

    it("keeps the engine's words about an error, and does not ask for another call", async () => {
      await using server = await kind.start((call) => call.fail("no such\nmodel"));
      await using engine = kind.connect(server.url);
      await expect(askAll(engine)).rejects.toMatchObject({
        kind: "bad-reply",
        reason: "error",
        retry: "never",
        said: "no such model",
      });
    });

    it("ends the call within a second when its signal is aborted, with the signal's reason", async () => {
      await using server = await kind.start(() => undefined);
      await using engine = kind.connect(server.url);
      const controller = new AbortController();
      const asking = askAll(engine, {}, controller.signal);
      await eventually(() => server.calls.length === 1, { what: "the call" });
      controller.abort(new Error("cancelled"));
      await expect(asking).rejects.toThrow("cancelled");
      await eventually(() => server.calls[0]?.closed === true, { timeoutMs: 1000, what: "the end of the call" });
      await expect(askAll(engine, {}, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
      expect(server.calls).toHaveLength(1);
    });

    it("is unavailable once it is disposed, in the middle of a call, too", async () => {
      await using server = await kind.start(() => undefined);
      const engine = kind.connect(server.url);
      const asking = askAll(engine);
      await eventually(() => server.calls.length === 1, { what: "the call" });
      await engine[Symbol.asyncDispose]();
      await expect(asking).rejects.toMatchObject({ kind: "unavailable" });
      await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable" });
    });

    it.runIf(kind.streams)("fails as `timeout` when a reply stops in the middle", async () => {
      await using server = await kind.start((call) => call.begin("half "));
      await using engine = kind.connect(server.url, { idleTimeoutMs: 60 });
      await expect(askAll(engine)).rejects.toMatchObject({ kind: "timeout", why: "timeout-idle" });
      await eventually(() => server.calls[0]?.closed === true, { what: "the end of the call" });
    });

    it.runIf(kind.streams)("ends the call when the iteration is left", async () => {
      await using server = await kind.start((call) => call.begin("half "));
      await using engine = kind.connect(server.url);
      const seen: EngineEvent[] = [];
      const ask = { message: "?", uniqueId: "id", affinity: "user" };
      for await (const event of engine.ask(ask, new AbortController().signal)) {
        seen.push(event);
        if (event.kind === "text") break;
      }
      expect(textOf(seen)).toBe("half ");
      await eventually(() => server.calls[0]?.closed === true, { timeoutMs: 1000, what: "the end of the call" });
    });

    it("is unavailable when the connection breaks, and answers the next ask", async () => {
      await using server = await kind.start((call) => {
        if (call.number > 1) call.reply("right");
        else if (kind.streams) {
          call.begin("half ");
          call.cut();
        } else call.cut();
      });
      await using engine = kind.connect(server.url);
      await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable" });
      expect(textOf(await askAll(engine))).toBe("right");
    });
  });
}
