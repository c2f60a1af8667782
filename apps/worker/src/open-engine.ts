import { createOpenAiEngine, createWebSocketEngine, type Engine, type EngineKind } from "@docrelay/engine";
import { engineKindOf } from "./engine-settings.ts";
import type { Resources } from "./resources.ts";

/** Opens the engine that the settings name. `kind` is also its name for users, unless it says another one itself. */
export function openEngine({ config, report, life }: Resources): { engine: Engine; kind: EngineKind } {
  const url = config.ENGINE_URL ?? "";
  const kind = engineKindOf(url, config.ENGINE_KIND) ?? "websocket";
  const limits = {
    url,
    connections: config.ENGINE_CONNECTIONS,
    firstReplyTimeoutMs: config.ENGINE_FIRST_REPLY_TIMEOUT_MS,
    idleTimeoutMs: config.ENGINE_IDLE_TIMEOUT_MS,
    maxReplyBytes: config.MAX_REPLY_BYTES,
    headers: config.ENGINE_HEADERS,
  };
  const engine =
    kind === "websocket"
      ? createWebSocketEngine({
          ...limits,
          reply: config.ENGINE_REPLY,
          maxPromptBytes: config.ENGINE_MAX_PROMPT_BYTES,
          streamEnd: config.ENGINE_STREAM_END,
          textFields: config.ENGINE_TEXT_FIELDS,
          onFrameAfterReply: () => report.frameAfterReply(config.ENGINE_REPLY),
          onHabit: (habit) => report.engineHabit(habit),
        })
      : createOpenAiEngine({
          ...limits,
          kind,
          apiKey: config.ENGINE_API_KEY,
          model: config.ENGINE_MODEL,
          system: config.ENGINE_SYSTEM,
          params: config.ENGINE_PARAMS,
        });
  life.add("engine", () => engine[Symbol.asyncDispose]());
  return { engine, kind };
}
