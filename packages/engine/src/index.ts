export type { ChatMessage, Engine, EngineAsk, EngineCitation, EngineEvent } from "./engine.ts";
export type { BadReply, CauseName, FailureKind, RetryAdvice } from "./failure/causes.ts";
export { badReply, EngineError, failure } from "./failure/engine-error.ts";
export type { Habit, ReplyMode } from "./habit.ts";
export { parseHeaders } from "./headers.ts";
export { createOpenAiEngine, type OpenAiEngineOptions, type OpenAiKind } from "./openai/openai-engine.ts";
export { buildPrompt, type Prompt, type PromptFile, type PromptInput } from "./prompt.ts";
export { engineName, engineUrlProblem, type EngineKind } from "./url.ts";
export { createWebSocketEngine, type WebSocketEngineOptions } from "./websocket-engine.ts";
