import { progressOf } from "./ask-view.ts";
import type { AskView } from "./page-state.ts";
import { wordsFor } from "./words.ts";

/** What a screen reader says of an ask that has changed: its turns and its whole answer, not every word of it. */
export function announcementOf(before: AskView | undefined, ask: AskView | undefined): string | undefined {
  if (!before || !ask || before.state === ask.state) return undefined;
  switch (ask.state) {
    case "completed":
      return `Answer: ${ask.text}`;
    case "asking":
      return "The answer is being written.";
    case "cancelled":
      return "The answer was stopped.";
    case "waiting":
      return progressOf(ask).text;
    case "failed": {
      if (!ask.error) return undefined;
      const { what, advice } = wordsFor(ask.error, ask.files[ask.error.file ?? -1]?.name);
      return `${what} ${advice}`;
    }
    case "sending":
      return undefined;
  }
}
