import { createAuthority, freePort } from "@docrelay/testkit";
import { readConfig } from "@docrelay/worker/config";
import { describe, expect, it } from "vitest";
import { examineEngines } from "../src/engine/examine-engines.ts";
import { inWords, reportOf, type DoctorReport } from "../src/part.ts";
import { single, startChat, startSockets, stream } from "./servers.ts";

async function examine(env: Record<string, string>, sizes = false): Promise<DoctorReport> {
  const parsed = readConfig({ REDIS_URL: "redis://127.0.0.1", WORKER_ROLES: "ask", ...env });
  if (!parsed.ok) throw new Error(parsed.problems.join("\n"));
  return reportOf(await examineEngines(parsed.config, { sizes }));
}

describe("an engine that answers", () => {
  it("in a stream is described, with the setting that fits", async () => {
    await using server = await startSockets({ reply: stream });
    const report = await examine({ ENGINE_URL: `ws://${server.host}/chat?key=topsecret` });
    expect(report.ok).toBe(true);
    const words = inWords(report);
    expect(words).toContain(`engine ws://${server.host}/chat\n`);
    expect(words).toMatch(/ok {3}connection: open after \d+ ms/);
    expect(words).toMatch(/ok {3}pings: answered after \d+ ms/);
    expect(words).toMatch(/ok {3}question: answered with 12 characters/);
    expect(words).toContain("reply: a stream of 3 pieces that ends with an end frame");
    expect(words).toContain("ENGINE_REPLY=stream");
    expect(words).not.toContain("topsecret");
  });

  it("and no ping is described as such", async () => {
    await using server = await startSockets({ reply: stream, autoPong: false });
    const report = await examine({ ENGINE_URL: `ws://${server.host}` });
    expect(report.ok).toBe(true);
    expect(inWords(report)).toContain("note pings: no answer in 5 s");
  });

  it("with one frame is told from a stream", async () => {
    await using server = await startSockets({ reply: single });
    const report = await examine({ ENGINE_URL: `ws://${server.host}` });
    expect(report.ok).toBe(true);
    expect(inWords(report)).toContain("reply: a single frame, and nothing after it");
    expect(report.parts[0]?.settings).toEqual({ ENGINE_REPLY: "single" });
  });

  it("over Chat Completions is described, too", async () => {
    await using server = await startChat();
    const report = await examine({ ENGINE_URL: `http://${server.host}/v1`, ENGINE_API_KEY: "secret" });
    expect(report.ok).toBe(true);
    expect(inWords(report)).toContain("a stream of 2 pieces");
  });

  it("and a second one that does not are two parts", async () => {
    await using server = await startChat();
    const second = `ws://127.0.0.1:${await freePort()}`;
    const report = await examine({ ENGINE_URL: `http://${server.host}/v1`, ENGINE_FALLBACK_URL: second });
    expect(report.ok).toBe(false);
    expect(report.parts.map(({ part, findings }) => [part, findings.some(({ level }) => level === "problem")])).toEqual(
      [
        ["engine", false],
        ["fallback engine", true],
      ],
    );
  });
});

it("a second engine on another host does not get the headers of the first", async () => {
  const seen: Array<string | undefined> = [];
  const server = (name: string): ReturnType<typeof startSockets> =>
    startSockets({ reply: stream, onHeaders: ({ authorization }) => void seen.push(authorization && name) });
  await using first = await server("first");
  await using second = await server("second");
  const urls = { ENGINE_URL: `ws://${first.host}`, ENGINE_FALLBACK_URL: `ws://${second.host}` };
  const report = await examine({ ...urls, ENGINE_HEADERS: "Authorization: Bearer secret" });
  expect(report.ok).toBe(true);
  expect(seen).toEqual(["first", "first", undefined, undefined]);
});

describe("settings that do not fit are a problem:", () => {
  it("`single` for a stream", async () => {
    await using server = await startSockets({ reply: stream });
    const report = await examine({ ENGINE_URL: `ws://${server.host}`, ENGINE_REPLY: "single" });
    expect(report.ok).toBe(false);
    expect(inWords(report)).toContain("users get the first piece only");
    expect(report.parts[0]?.settings).toEqual({ ENGINE_REPLY: "stream" });
  });

  it("`stream` for one frame", async () => {
    await using server = await startSockets({ reply: single });
    const report = await examine({ ENGINE_URL: `ws://${server.host}`, ENGINE_REPLY: "stream" });
    expect(report.ok).toBe(false);
    expect(report.parts[0]?.settings).toEqual({ ENGINE_REPLY: "single" });
  });
});

describe("an engine that does not answer", () => {
  it("because nothing listens", async () => {
    const report = await examine({ ENGINE_URL: `ws://127.0.0.1:${await freePort()}` });
    expect(problems(report)).toEqual([expect.stringContaining("nothing listens at the engine's address")]);
  });

  it("because of its path, where a slash would be enough", async () => {
    await using server = await startSockets({ status: (path) => (path === "/ws/" ? undefined : 404) });
    const report = await examine({ ENGINE_URL: `ws://${server.host}/ws` });
    expect(problems(report)).toEqual([expect.stringMatching(/no such path .*\[http-404\].*slash at the end/)]);
    const other = await examine({ ENGINE_URL: `ws://${server.host}/elsewhere` });
    expect(problems(other)).toEqual([expect.not.stringContaining("slash at the end")]);
  });

  it.each([401, 403])("because of its key, with %i", async (status) => {
    await using sockets = await startSockets({ status: () => status });
    const report = await examine({ ENGINE_URL: `ws://${sockets.host}` });
    expect(problems(report)).toEqual([expect.stringMatching(new RegExp(`\\[http-${status}\\].*ENGINE_HEADERS`))]);
    await using chat = await startChat(status);
    const other = await examine({ ENGINE_URL: `http://${chat.host}/v1` });
    expect(problems(other)).toEqual([
      expect.stringMatching(new RegExp(`no such key.*\\[http-${status}\\].*ENGINE_API_KEY`)),
    ]);
  });

  it("because its host has no address", async () => {
    const report = await examine({ ENGINE_URL: "ws://engine.invalid:7800" });
    expect(problems(report)).toEqual([expect.stringMatching(/host name is not known.*\[dns\]/)]);
  });

  it("because of its certificate: of an authority that is not known, run out, or of another host", async () => {
    const authority = createAuthority("Test Authority");
    const past = { from: Date.now() - 7_200_000, to: Date.now() - 3_600_000 };
    const cases = [
      [authority.issue(["127.0.0.1"]), /of Test Authority, .* not accepted \(UNABLE_TO_.*NODE_EXTRA_CA_CERTS/],
      [authority.issue(["127.0.0.1"], past), /not accepted/],
    ] as const;
    for (const [tls, words] of cases) {
      await using server = await startSockets({ reply: stream, tls });
      for (const url of [`wss://${server.host}`, `https://${server.host}/v1`])
        expect(problems(await examine({ ENGINE_URL: url }))).toEqual([
          expect.stringMatching(words),
          expect.stringMatching(/TLS with the engine failed.*\[tls\]/),
        ]);
    }
  });

  it("because there is no TLS where its URL says so, or TLS where it says nothing", async () => {
    await using plain = await startSockets({ reply: stream });
    expect(problems(await examine({ ENGINE_URL: `wss://${plain.host}` }))).toEqual([
      expect.stringMatching(/\[tls\].*its URL begins with ws:\/\//),
    ]);
    await using tls = await startSockets({ reply: stream, tls: createAuthority("CA").issue(["127.0.0.1"]) });
    expect((await examine({ ENGINE_URL: `ws://${tls.host}` })).ok).toBe(false);
  });

  it("because it takes smaller messages only", async () => {
    await using server = await startSockets({ reply: (socket) => socket.close(1009, "message too big") });
    const report = await examine({ ENGINE_URL: `ws://${server.host}` });
    expect(problems(report)).toEqual([
      expect.stringMatching(/smaller messages only.*\[closed-1009\].*message too big/),
    ]);
  });

  it("at all, until the deadline", async () => {
    await using server = await startSockets();
    const report = await examine({ ENGINE_URL: `ws://${server.host}`, ENGINE_FIRST_REPLY_TIMEOUT_MS: "200" });
    expect(problems(report)).toEqual([
      expect.stringMatching(/\[timeout-first\].*ENGINE_FIRST_REPLY_TIMEOUT_MS is 200/),
    ]);
  });

  it("to its end, which never comes", async () => {
    await using server = await startSockets({
      reply(socket) {
        const timer = setInterval(() => socket.send('{"type":"delta","delta":"more "}'), 20);
        socket.on("close", () => clearInterval(timer));
      },
    });
    const report = await examine({ ENGINE_URL: `ws://${server.host}`, ASK_DEADLINE_MS: "1000" });
    expect(problems(report)).toEqual([expect.stringContaining("[deadline]")]);
  });
});

describe("with --sizes", () => {
  it("the limit of an engine is found, and the setting for it", async () => {
    const limit = 300_000;
    await using server = await startSockets({ reply: stream, maxPayload: limit });
    const report = await examine({ ENGINE_URL: `ws://${server.host}` }, true);
    expect(problems(report)).toEqual([expect.stringMatching(/prompts up to \d+ KiB are answered.*\[closed-1009\]/)]);
    const found = Number(report.parts[0]?.settings["ENGINE_MAX_PROMPT_BYTES"]);
    expect(found).toBeGreaterThan(limit * 0.8);
    expect(found).toBeLessThan(limit);
  });

  it("the context of a model is found, in tokens", async () => {
    await using server = await startChat(undefined, 200_000);
    const report = await examine({ ENGINE_URL: `http://${server.host}/v1` }, true);
    expect(problems(report)).toEqual([expect.stringContaining("[prompt-context]")]);
    const found = Number(report.parts[0]?.settings["ENGINE_CONTEXT_TOKENS"]);
    expect(found).toBeGreaterThan(30_000);
    expect(found).toBeLessThan(100_000);
  });

  it("an engine without a limit answers all that a file may have", async () => {
    await using server = await startSockets({ reply: stream });
    const report = await examine({ ENGINE_URL: `ws://${server.host}`, MAX_TEXT_BYTES: "1000000" }, true);
    expect(report.ok).toBe(true);
    expect(inWords(report)).toContain("size: prompts up to 977 KiB (MAX_TEXT_BYTES) are answered");
  });
});

function problems({ ok, parts }: DoctorReport): string[] {
  const texts = parts
    .flatMap(({ findings }) => findings.filter(({ level }) => level === "problem"))
    .map(({ text }) => text);
  expect(ok).toBe(texts.length === 0);
  return texts;
}
