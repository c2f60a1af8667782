import { countUsed, type Store, type TakenAsk } from "@docrelay/channel";
import { estimateTokens, type EngineAsk } from "@docrelay/engine";
import type { AttemptPlan } from "../answer/attempt.ts";
import type { AskReport } from "../report/ask-report.ts";
import { promptTokens } from "./prompt.ts";

/** Counts the tokens of one engine call: by the numbers that the engine sends, else by an estimate. */
export interface TokenCount extends Pick<AttemptPlan, "usage"> {
  /**
   * Must be called when the engine has received this prompt, but not for a continued answer, whose prompt an earlier
   * call has sent.
   */
  sent(prompt: EngineAsk): void;
  /** Must be called for each piece of the answer. */
  text(piece: string): void;
  /** The tokens of the call's prompt and answer together, as far as they are known by now. */
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
 * Counts tokens for the daily quotas of the user and of the user's network and tenant. Nothing waits for the count; if
 * it is lost, the user may use a little more. `isOwnCounted`: the step that ended the ask has already counted them for
 * the user.
 */
export function chargeTokens(
  { store, report }: { readonly store: Store; readonly report: Pick<AskReport, "error"> },
  { address: { shard, u }, body: { charged = [] } }: TakenAsk,
  { tokens, isOwnCounted }: { readonly tokens: number; readonly isOwnCounted: boolean },
): void {
  for (const of of isOwnCounted ? charged : [{ shard, u }, ...charged])
    countUsed(store, of, "tokens", tokens).catch((error: unknown) => report.error("usage", error));
}
