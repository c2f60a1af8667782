import { pastAsks, type PastAsk, type Store, type TakenAsk } from "@docrelay/channel";
import { EARLIER_LEFT_OUT, estimateTokens, type ChatMessage } from "@docrelay/engine";

/** An estimate of the tokens that a message costs besides its text. */
const MESSAGE_TOKENS = 8;

export interface History {
  /** The messages, oldest first; questions and answers alternate. */
  readonly messages: readonly ChatMessage[];
  /**
   * A notice for the engine that older asks were left out because they do not fit, to be put before the first message;
   * empty if no asks were left out.
   */
  readonly notice: string;
}

/** Reads the conversation before an ask: as many of the newest questions and answers as fit into `budgetTokens`. */
export async function readHistory(store: Store, ask: TakenAsk, budgetTokens: number): Promise<History> {
  const messages: ChatMessage[] = [];
  let left = budgetTokens - estimateTokens(EARLIER_LEFT_OUT);
  for await (const past of pastAsks(store, ask)) {
    const question = questionOf(past);
    left -= estimateTokens(question) + estimateTokens(past.text) + 2 * MESSAGE_TOKENS;
    if (left < 0) return { messages, notice: EARLIER_LEFT_OUT };
    messages.unshift({ role: "user", text: question }, { role: "assistant", text: past.text });
  }
  return { messages, notice: "" };
}

/** Of the files of earlier asks only the names are sent. To ask about such a file again, the user attaches it again. */
function questionOf({ message, files }: PastAsk): string {
  return files.length === 0 ? message : `${message}\n\n[Files of this question: ${files.join(", ")}]`;
}
