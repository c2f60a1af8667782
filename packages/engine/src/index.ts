export {
  EngineError,
  type BadReply,
  type Engine,
  type EngineAsk,
  type EngineCitation,
  type EngineEvent,
} from "./engine.ts";
export type { ReplyMode } from "./frame.ts";
export { buildPrompt, type Prompt, type PromptFile, type PromptInput } from "./prompt.ts";
export { engineName, engineUrlProblem } from "./url.ts";
export { createWebSocketEngine, type WebSocketEngineOptions } from "./websocket-engine.ts";
