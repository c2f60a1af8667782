import type { TokenUsage } from "../engine.ts";
import { fieldsOf } from "./server-error.ts";

/** How an API names the tokens of a prompt and of a reply. */
export interface UsageNames {
  readonly prompt: string;
  readonly answer: string;
}

/** Reads the tokens from a chunk or a response. Empty when one of the numbers is missing. Never throws. */
export function readUsage(usage: unknown, { prompt, answer }: UsageNames): { usage?: TokenUsage } {
  const fields = fieldsOf(usage);
  const [promptTokens, answerTokens] = [fields?.[prompt], fields?.[answer]];
  return isCount(promptTokens) && isCount(answerTokens) ? { usage: { promptTokens, answerTokens } } : {};
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
