import { readText } from "@docrelay/channel";
import { createWebSocketEngine } from "@docrelay/engine";
import { consumeWakes, type Consumer } from "@docrelay/jobs";
import { createLoopDelay } from "@docrelay/platform";
import { createApart } from "./turn/stagger.ts";
import { runConversation } from "./turn/run-conversation.ts";
import { listenForCancels } from "./answer/cancel-listener.ts";
import type { Base } from "./resources.ts";
import { createHeldBytes } from "./answer/held-bytes.ts";
import { createRunningAsks, type RunningAsks } from "./answer/running-asks.ts";
import { createTextCache } from "./turn/text-cache.ts";
import { createTick } from "./answer/flush-timer.ts";

const MOST_HELD_UNITS = 67_108_864;
const MAX_CACHED_BYTES = 33_554_432;

/** Starts the role `ask`: runs the asks of conversations, in order, and talks to the engine. */
export function startAskRole(base: Base): { consumer: Consumer; running: RunningAsks } {
  const { config, store, blobs, report, life, metrics, stopping } = base;
  const engine = createWebSocketEngine({
    url: config.ENGINE_URL ?? "",
    reply: config.ENGINE_REPLY,
    connections: config.ENGINE_CONNECTIONS,
    firstReplyTimeoutMs: config.ENGINE_FIRST_REPLY_TIMEOUT_MS,
    idleTimeoutMs: config.ENGINE_IDLE_TIMEOUT_MS,
    maxReplyBytes: config.MAX_REPLY_BYTES,
    onFrameAfterReply: () => report.frameAfterReply(config.ENGINE_REPLY),
  });
  life.add("engine", () => engine[Symbol.asyncDispose]());

  const loopDelay = createLoopDelay();
  const tick = createTick(loopDelay.p99Ms);
  life.add("tick", () => {
    tick[Symbol.dispose]();
    loopDelay[Symbol.dispose]();
  });
  const running = createRunningAsks(store, (error) => report.trouble("renew", error));
  life.add("running asks", () => running[Symbol.asyncDispose]());
  listenForCancels(base.connect("subscriber", "cancel"), running, (error) => report.trouble("cancel channel", error));

  const held = createHeldBytes(MOST_HELD_UNITS);
  const settings = {
    attempts: config.ENGINE_ATTEMPTS,
    engineName: "websocket",
    promptMode: config.ENGINE_PROMPT,
    uniqueId: config.ENGINE_UNIQUE_ID,
  };
  const deps = {
    store,
    blobs,
    texts: createTextCache((key) => readText(store, key), MAX_CACHED_BYTES),
    engine,
    tick,
    held,
    running,
    settings,
    report,
    stopping: stopping.signal,
    apart: createApart(),
    random: Math.random,
  };
  const consumer = consumeWakes({
    connection: base.connect("blocking", "ask-queue"),
    concurrency: config.ASK_CONCURRENCY,
    handle: ({ shard, u, c }) => runConversation(deps, { shard, u, c }),
    onError: (error) => report.trouble("ask queue", error),
  });
  life.add("ask queue", () => consumer[Symbol.asyncDispose]());

  metrics.gauge("docrelay_asks_running", "Asks that the engine is answering now", () => running.size);
  metrics.gauge("docrelay_ask_jobs", "Conversations being worked on", () => consumer.active);
  metrics.gauge(
    "docrelay_held_units",
    "Text held back while Redis does not take it, in UTF-16 units",
    () => held.total,
  );
  metrics.gauge("docrelay_loop_delay_p99_ms", "How late the event loop is", () => loopDelay.p99Ms());
  return { consumer, running };
}
