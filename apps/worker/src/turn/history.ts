import { pastAsks, type PastAsk, type Store, type TakenAsk } from "@docrelay/channel";
import { EARLIER_LEFT_OUT, estimateTokens, type ChatMessage } from "@docrelay/engine";

/** What a message costs besides its text. */
const MESSAGE_TOKENS = 8;

export interface History {
  /** Oldest first, questions and answers in turn. */
  readonly messages: readonly ChatMessage[];
  /** Older asks are left out because they do not fit; a notice before the first message says so. */
  readonly notice: string;
}

/** The conversation before an ask, the newest asks first as far as they fit into `budgetTokens`; without holes. */
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

/** Texts of earlier files are not sent again: a user who asks about one again attaches it. */
function questionOf({ message, files }: PastAsk): string {
  return files.length === 0 ? message : `${message}\n\n[Files of this question: ${files.join(", ")}]`;
}
