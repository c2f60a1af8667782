import { countUsed, type Store, type TakenAsk } from "@docrelay/channel";
import { estimateTokens, type EngineAsk } from "@docrelay/engine";
import type { AttemptPlan } from "../answer/attempt.ts";
import type { AskReport } from "../report/ask-report.ts";
import { promptTokens } from "./prompt.ts";

/** The tokens of one engine call: as the engine reports them, else estimated. */
export interface TokenCount extends Pick<AttemptPlan, "usage"> {
  /** The engine has this prompt. Not called for an answer that goes on: its prompt is another call's. */
  sent(prompt: EngineAsk): void;
  /** A piece of the answer. */
  text(piece: string): void;
  /** All that is known of. */
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
 * Counts tokens against quotas. No answer waits for it; a lost count lets a user ask a little more. `isOwnCounted`: the step
 * that ended the ask has counted those of its user.
 */
export function chargeTokens(
  { store, report }: { readonly store: Store; readonly report: Pick<AskReport, "error"> },
  { address: { shard, u }, body: { charged = [] } }: TakenAsk,
  { tokens, isOwnCounted }: { readonly tokens: number; readonly isOwnCounted: boolean },
): void {
  for (const of of isOwnCounted ? charged : [{ shard, u }, ...charged])
    countUsed(store, of, "tokens", tokens).catch((error: unknown) => report.error("usage", error));
}
