import { countUsed, type Store, type TakenAsk } from "@docrelay/channel";
import { estimateTokens, type EngineAsk } from "@docrelay/engine";
import type { AttemptPlan } from "../answer/attempt.ts";
import type { AskReport } from "../report/ask-report.ts";
import { promptTokens } from "./prompt.ts";

/** Counts the tokens of one engine call: the engine's own numbers, else an estimate. */
export interface TokenCount extends Pick<AttemptPlan, "usage"> {
  /**
   * The engine has received this prompt. Not called for an answer that continues: its prompt belongs to an earlier
   * call.
   */
  sent(prompt: EngineAsk): void;
  /** A piece of the answer has arrived. */
  text(piece: string): void;
  /** The sum of all tokens known so far. */
  readonly sum: number;
}

export function createTokenCount(): TokenCount {
  let prompt: EngineAsk | undefined;
  let text = "";
  let whole: number | undefined;
  const ofPrompt = (): number => (prompt ? promptTokens(prompt) : 0);
  return {
    sent: (ask) => void (prompt = ask),
    text: (piece) => void (text += piece),
    usage(answer, given) {
      const answerTokens = given?.answerTokens ?? estimateTokens(answer);
      whole = (given?.promptTokens ?? ofPrompt()) + answerTokens;
      if (given) return { ...given };
      return prompt && { promptTokens: ofPrompt(), answerTokens, estimated: true };
    },
    get sum() {
      return whole ?? ofPrompt() + estimateTokens(text);
    },
  };
}

/**
 * Counts tokens against quotas. No answer waits for the count; if the count is lost, a user may use a little more.
 * `isOwnCounted`: the step that ended the ask has counted the tokens for its user.
 */
export function chargeTokens(
  { store, report }: { readonly store: Store; readonly report: Pick<AskReport, "error"> },
  { address: { shard, u }, body: { charged = [] } }: TakenAsk,
  { tokens, isOwnCounted }: { readonly tokens: number; readonly isOwnCounted: boolean },
): void {
  for (const of of isOwnCounted ? charged : [{ shard, u }, ...charged])
    countUsed(store, of, "tokens", tokens).catch((error: unknown) => report.error("usage", error));
}
