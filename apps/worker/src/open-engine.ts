import {
  createFallbackEngine,
  createOpenAiEngine,
  createWebSocketEngine,
  originOf,
  type Engine,
  type EngineKind,
  type Habit,
  type ReplyMode,
} from "@docrelay/engine";
import { engineKindOf } from "./engine-settings.ts";
import type { Config } from "./config.ts";

export interface EngineDeps {
  readonly config: Config;
  readonly report: {
    error(what: string, error: unknown): void;
    frameAfterReply(mode: ReplyMode): void;
    engineHabit(habit: Habit): void;
  };
  /** Registers a step that closes the engine when the process ends. */
  readonly life: { add(name: string, close: () => unknown): void };
}

/** The settings that differ between the first and the second engine. */
interface Target {
  readonly url: string;
  readonly kind: EngineKind;
  readonly apiKey: string | undefined;
  readonly model: string | undefined;
}

/**
 * Opens the configured engine. If a second one is configured, it is called when the first one fails. `kind`: the kind
 * of the first engine, which users see as the engine's name unless the engine sends another one. `takesHistory`:
 * whether at least one engine gets the conversation so far.
 */
export function openEngine(deps: EngineDeps): { engine: Engine; kind: EngineKind; takesHistory: boolean } {
  const { config, report, life } = deps;
  const url = config.ENGINE_URL ?? "";
  const kind = engineKindOf(url, config.ENGINE_KIND) ?? "websocket";
  const first = openOne(deps, { url, kind, apiKey: config.ENGINE_API_KEY, model: config.ENGINE_MODEL });
  const second = secondOf(deps);
  const engine = second
    ? createFallbackEngine({
        first: { engine: first, name: kind },
        second: { engine: openOne(deps, second), name: `${second.kind} (fallback)` },
        onFallback: (error) => report.error("first engine", error),
      })
    : first;
  life.add("engine", () => engine[Symbol.asyncDispose]());
  const takesHistory = [kind, second?.kind].some((each) => each !== undefined && each !== "websocket");
  return { engine, kind, takesHistory };
}

function secondOf({ config }: EngineDeps): Target | undefined {
  const { ENGINE_FALLBACK_URL: url, ENGINE_FALLBACK_API_KEY: apiKey, ENGINE_FALLBACK_MODEL: model } = config;
  if (url === undefined) return undefined;
  return { url, kind: engineKindOf(url, config.ENGINE_FALLBACK_KIND) ?? "websocket", apiKey, model };
}

/**
 * Opens one engine. The configured headers are sent only to the first engine's origin, because they may hold keys that
 * another host must not see.
 */
function openOne({ config, report }: EngineDeps, { url, kind, apiKey, model }: Target): Engine {
  const limits = {
    url,
    connections: config.ENGINE_CONNECTIONS,
    firstReplyTimeoutMs: config.ENGINE_FIRST_REPLY_TIMEOUT_MS,
    idleTimeoutMs: config.ENGINE_IDLE_TIMEOUT_MS,
    maxReplyBytes: config.MAX_REPLY_BYTES,
    headers: originOf(url) === originOf(config.ENGINE_URL ?? url) ? config.ENGINE_HEADERS : {},
    maxPromptBytes: config.ENGINE_MAX_PROMPT_BYTES,
  };
  return kind === "websocket"
    ? createWebSocketEngine({
        ...limits,
        reply: config.ENGINE_REPLY,
        streamEnd: config.ENGINE_STREAM_END,
        textFields: config.ENGINE_TEXT_FIELDS,
        onFrameAfterReply: () => report.frameAfterReply(config.ENGINE_REPLY),
        onHabit: (habit) => report.engineHabit(habit),
      })
    : createOpenAiEngine({
        ...limits,
        kind,
        apiKey,
        model,
        system: config.ENGINE_SYSTEM,
        params: config.ENGINE_PARAMS,
      });
}
