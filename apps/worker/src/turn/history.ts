import { pastAsks, type PastAsk, type Store, type TakenAsk } from "@docrelay/channel";
import { EARLIER_LEFT_OUT, estimateTokens, type ChatMessage } from "@docrelay/engine";

/** The tokens of a message besides its text. */
const MESSAGE_TOKENS = 8;

export interface History {
  /** The messages, oldest first; questions and answers alternate. */
  readonly messages: readonly ChatMessage[];
  /**
   * Set if older asks are left out because they do not fit: a notice for the engine, placed before the first message.
   */
  readonly notice: string;
}

/** The conversation before an ask: the newest asks that fit into `budgetTokens`, without holes. */
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

/** The texts of earlier files are not sent again: a user who asks about such a file attaches it again. */
function questionOf({ message, files }: PastAsk): string {
  return files.length === 0 ? message : `${message}\n\n[Files of this question: ${files.join(", ")}]`;
}
