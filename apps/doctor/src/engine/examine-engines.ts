import { EngineError, originOf, probeConnection, type Engine, type EngineKind, type Habit } from "@docrelay/engine";
import { createLifecycle } from "@docrelay/platform";
import type { Config } from "@docrelay/worker/config";
import { openEngine } from "@docrelay/worker/open-engine";
import type { PartReport } from "../part.ts";
import { readCertificate } from "./certificate.ts";
import { describeEngine } from "./describe-engine.ts";
import type { EngineFacts, FailureFacts, ReplyFacts } from "./facts.ts";
import { findLargest, TOKENS_PER_BYTE } from "./find-largest.ts";

const QUESTION = "This is a test of the connection. Please reply with one short sentence.";
const PONG_TIMEOUT_MS = 5000;
const CLOSE_MS = 2000;

/** Examines the configured engine, and the second one if `ENGINE_FALLBACK_URL` is set. */
export async function examineEngines(config: Config, { sizes }: { sizes: boolean }): Promise<PartReport[]> {
  const { ENGINE_FALLBACK_URL: second, ...first } = config;
  const engines = [{ part: "engine", config: { ...first, ENGINE_FALLBACK_URL: undefined } }];
  if (second !== undefined)
    engines.push({
      part: "fallback engine",
      config: {
        ...first,
        ENGINE_FALLBACK_URL: undefined,
        ENGINE_URL: second,
        // As in the worker, the headers go only to the first engine's origin: they may hold keys that another host must
        // not see.
        ENGINE_HEADERS: originOf(second) === originOf(config.ENGINE_URL ?? second) ? config.ENGINE_HEADERS : {},
        ENGINE_KIND: config.ENGINE_FALLBACK_KIND,
        ENGINE_API_KEY: config.ENGINE_FALLBACK_API_KEY,
        ENGINE_MODEL: config.ENGINE_FALLBACK_MODEL,
      },
    });
  const reports: PartReport[] = [];
  for (const { part, config } of engines) {
    const url = new URL(config.ENGINE_URL ?? "");
    const facts = await examine(config, url, sizes);
    // The query is left out, because it may hold a key.
    reports.push({ part, address: `${url.protocol}//${url.host}${url.pathname}`, ...describeEngine(facts), facts });
  }
  return reports;
}

async function examine(config: Config, url: URL, sizes: boolean): Promise<EngineFacts> {
  let habit: Habit | undefined;
  const report = {
    error: () => undefined,
    frameAfterReply: () => undefined,
    engineHabit: (seen: Habit) => void (habit = seen),
  };
  await using life = createLifecycle(CLOSE_MS);
  // `auto` recognises the form of the replies, whatever the operator has set. The operator's limit of a prompt is
  // lifted, because the examination is to find the engine's own limit.
  const asked: Config = { ...config, ENGINE_REPLY: "auto", ENGINE_MAX_PROMPT_BYTES: 0 };
  const { engine, kind } = openEngine({ config: asked, report, life });
  const isTls = url.protocol === "wss:" || url.protocol === "https:";
  const facts: EngineFacts = {
    kind,
    configured: {
      reply: config.ENGINE_REPLY,
      ...mostOf(config, kind),
      firstReplyTimeoutMs: config.ENGINE_FIRST_REPLY_TIMEOUT_MS,
    },
    certificate: isTls ? await readCertificate(url) : undefined,
    connection: undefined,
    reply: undefined,
    failure: undefined,
    sizes: undefined,
  };
  let connection: EngineFacts["connection"];
  try {
    connection = kind === "websocket" ? await probe(config, url.href) : undefined;
    const reply = await askOnce(engine, config.ASK_DEADLINE_MS);
    const found = sizes
      ? await findLargest(facts.configured.mostBytes, (prompt) => answers(engine, prompt, config))
      : undefined;
    return { ...facts, connection, reply: { ...reply, habit }, sizes: found };
  } catch (error) {
    const other = connection ? false : await opensOtherPath(config, kind, url, error);
    return { ...facts, connection, failure: { ...failureOf(error), otherPathOpens: other } };
  }
}

/**
 * Returns how long a prompt of the worker can be, and the setting that bounds it: engines behind HTTP get only as many
 * pages as fit their context, WebSocket engines get whole files.
 */
function mostOf(config: Config, kind: EngineKind): Pick<EngineFacts["configured"], "mostBytes" | "mostBy"> {
  const { MAX_TEXT_BYTES: text, ENGINE_CONTEXT_TOKENS: tokens } = config;
  const context = Math.floor(tokens / TOKENS_PER_BYTE);
  if (kind === "websocket" || text <= context) return { mostBytes: text, mostBy: "MAX_TEXT_BYTES" };
  return { mostBytes: context, mostBy: "ENGINE_CONTEXT_TOKENS" };
}

function probe(config: Config, url: string): ReturnType<typeof probeConnection> {
  const times = { handshakeTimeoutMs: config.ENGINE_FIRST_REPLY_TIMEOUT_MS, pongTimeoutMs: PONG_TIMEOUT_MS };
  return probeConnection({ url, headers: config.ENGINE_HEADERS, ...times }, new AbortController().signal);
}

async function askOnce(engine: Engine, deadlineMs: number): Promise<Omit<ReplyFacts, "habit">> {
  const begun = performance.now();
  let firstMs: number | undefined;
  let pieces = 0;
  let chars = 0;
  let truncated = false;
  const ask = { message: QUESTION, uniqueId: "doctor", affinity: "doctor" };
  for await (const event of engine.ask(ask, AbortSignal.timeout(deadlineMs))) {
    if (event.kind === "sent") continue;
    firstMs ??= performance.now() - begun;
    if (event.kind === "text") {
      pieces++;
      chars += event.text.length;
    } else {
      chars = event.text?.length ?? chars;
      truncated = event.truncated ?? false;
    }
  }
  return { firstMs: firstMs ?? 0, totalMs: performance.now() - begun, pieces, chars, truncated };
}

/**
 * Returns why a prompt gets no answer; undefined if it gets one. As in the worker, a prompt is sent a second time if
 * the connection breaks while it is being sent.
 */
async function answers(engine: Engine, prompt: string, config: Config): Promise<FailureFacts | undefined> {
  for (let brokeBefore = false; ; brokeBefore = true) {
    try {
      const ask = { message: prompt, uniqueId: "doctor", affinity: "doctor", brokeBefore };
      for await (const { kind } of engine.ask(ask, AbortSignal.timeout(config.ASK_DEADLINE_MS)))
        if (kind !== "sent") break; // the rest of the answer is not needed
      return undefined;
    } catch (error) {
      if (brokeBefore || !(error instanceof EngineError && error.whileSending)) return failureOf(error);
    }
  }
}

/**
 * Whether the engine accepts a connection if the path has one slash more, or one less, at its end: many servers refuse
 * the wrong form.
 */
async function opensOtherPath(config: Config, kind: EngineKind, url: URL, error: unknown): Promise<boolean> {
  if (kind !== "websocket" || !(error instanceof EngineError && error.why.startsWith("http-"))) return false;
  if (url.pathname === "/") return false;
  const other = new URL(url);
  other.pathname = url.pathname.endsWith("/") ? url.pathname.slice(0, -1) : `${url.pathname}/`;
  return probe(config, other.href).then(
    () => true,
    () => false,
  );
}

function failureOf(error: unknown): FailureFacts {
  if (error instanceof EngineError)
    return {
      why: error.why,
      sentence: error.message,
      said: error.said,
      tooLarge: error.kind === "too-large",
      otherPathOpens: false,
    };
  if (!(error instanceof Error && error.name === "TimeoutError")) throw error;
  const sentence = "the answer did not end within ASK_DEADLINE_MS";
  return { why: "deadline", sentence, said: undefined, tooLarge: false, otherPathOpens: false };
}
