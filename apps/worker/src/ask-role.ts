import { estimateTokens } from "@docrelay/engine";
import { bellChannels, parseBell, readText } from "@docrelay/channel";
import { createLoopDelay, type LoopDelay } from "@docrelay/platform";
import { listenForCancels } from "./answer/cancel-listener.ts";
import { createFlushTimer } from "./answer/flush-timer.ts";
import { createHeldBytes, type HeldBytes } from "./answer/held-bytes.ts";
import { createRunningAsks, type RunningAsks } from "./answer/running-asks.ts";
import { createConversationSlots, type ConversationSlots, type Rung } from "./bell/conversation-slots.ts";
import { listenForForgotten } from "./forget-listener.ts";
import { openEngine } from "./open-engine.ts";
import type { Resources } from "./resources.ts";
import { runConversation } from "./turn/run-conversation.ts";
import { createStagger } from "./turn/stagger.ts";
import { createTextCache } from "./turn/text-cache.ts";

/** Starts the role `ask`: the worker runs the asks of each conversation in order, and calls the engine for them. */
export async function startAskRole(resources: Resources): Promise<{ slots: ConversationSlots; running: RunningAsks }> {
  const { config, store, blobs, report, life, stopping, subscriber, membership } = resources;
  const { engine, kind, takesHistory } = openEngine(resources);
  const contextTokens = config.ENGINE_CONTEXT_TOKENS - estimateTokens(config.ENGINE_SYSTEM ?? "");
  const loopDelay = createLoopDelay();
  const flushTimer = createFlushTimer(loopDelay.p99Ms);
  life.add("flush timer", () => {
    flushTimer[Symbol.dispose]();
    loopDelay[Symbol.dispose]();
  });
  const running = createRunningAsks(store, (error) => report.error("confirm", error));
  life.add("running asks", () => running[Symbol.asyncDispose]());
  listenForCancels(subscriber, running, (error) => report.error("cancel channel", error));

  const texts = createTextCache((key) => readText(store, key), config.TEXT_CACHE_BYTES);
  listenForForgotten(subscriber, texts.forget, (error) => report.error("forget channel", error));
  const held = createHeldBytes(config.MAX_HELD_TEXT_BYTES);
  const deps = {
    store,
    blobs,
    texts,
    engine,
    flushTimer,
    held,
    running,
    tracing: resources.tracing,
    settings: {
      attempts: config.ENGINE_ATTEMPTS,
      engineName: kind,
      awayMs: config.ENGINE_AWAY_MS,
      showEngineErrors: config.ENGINE_ERRORS === "shown",
      promptMode: config.ENGINE_PROMPT ?? (kind === "websocket" ? "plain" : "fenced"),
      uniqueId: config.ENGINE_UNIQUE_ID,
      contextTokens: kind === "websocket" ? undefined : contextTokens,
      historyTokens: takesHistory ? contextTokens : undefined,
    },
    report,
    stopping: stopping.signal,
    stagger: createStagger(),
    random: Math.random,
    worker: membership.worker,
    isGone: membership.isGone,
    isConnected: membership.isConnected,
  };
  const slots = createConversationSlots({
    capacity: config.ASK_CONCURRENCY,
    run: (rung, taking) => runConversation(deps, rung, taking),
    passOn: (rung) => ringAnother(resources, rung),
    onError: (error) => report.error("ask", error),
  });
  await answerBells(resources, slots);
  addGauges(resources, { running, slots, held, loopDelay });
  return { slots, running };
}

/**
 * Subscribes to the bells for this worker. When the beat of another worker shows free slots, passes waiting
 * conversations on to other workers.
 */
async function answerBells({ redis, subscriber, membership }: Resources, slots: ConversationSlots): Promise<void> {
  subscriber.on("smessage", (_channel: string, message: string) => {
    const rung = parseBell(message);
    if (rung) slots.hear(rung);
  });
  await Promise.all(bellChannels(redis, membership.worker).map((channel) => subscriber.ssubscribe(channel)));
  membership.report(() => ({ load: slots.load, capacity: slots.capacity }));
  membership.on({ beat: ({ load, capacity }) => slots.share(capacity - load) });
}

/**
 * Rings a conversation's bell for any worker but this one. If no other worker hears the bell, the sweeper rings again.
 */
function ringAnother({ bell, membership, report }: Resources, rung: Rung): void {
  bell.ring(rung, { not: membership.worker }).catch((error: unknown) => report.error("bell", error));
}

function addGauges(
  { metrics }: Resources,
  of: { running: RunningAsks; slots: ConversationSlots; held: HeldBytes; loopDelay: LoopDelay },
): void {
  metrics.gauge("docrelay_asks_running", "Asks that the engine is answering now", () => of.running.size);
  metrics.gauge("docrelay_ask_jobs", "Conversations whose asks are run now", () => of.slots.active);
  metrics.gauge(
    "docrelay_held_bytes",
    "Text that waits in memory until Redis takes it, at two bytes a UTF-16 unit",
    () => of.held.total,
  );
  metrics.gauge("docrelay_loop_delay_p99_ms", "Delay of the event loop, 99th percentile", () => of.loopDelay.p99Ms());
}
