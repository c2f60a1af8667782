export { EngineError, type BadReply, type Engine, type EngineAsk, type EngineCitation, type EngineEvent } from "./engine.ts";
export { buildPrompt, type PromptFile, type PromptInput } from "./prompt.ts";
export { engineUrlProblem } from "./url.ts";
export { createWebSocketEngine, type WebSocketEngineOptions } from "./websocket-engine.ts";
export type { ReplyMode } from "./frame.ts";
